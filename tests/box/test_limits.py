"""The unit's own limits hold: a program under the same unit tries what a burglar would."""

import unittest

import house

# Perl, because it is in every Debian. One line a try: name, and the error's number or 0.
PROBE = r"""
use Socket; use Errno;
sub try { my ($name, $done) = @_; printf "%s %s\n", $name, $done ? "done" : ($!+0 ? $! : "refused"); $! = 0 }
sub writes { my ($path) = @_; my $f; open($f, ">", $path) && print($f "x") && close($f) }
try("write-state", writes("$ENV{STATE_DIRECTORY}/probe"));
try("write-tmp", writes("/tmp/probe"));
try("write-etc", writes("/etc/probe"));
try("write-conf", writes("/etc/tetherd/probe"));
try("write-usr", writes("/usr/bin/probe"));
try("write-var", writes("/var/lib/probe"));
try("read-home", opendir(my $d, "/root"));
try("read-dev-mem", open(my $m, "<", "/dev/mem"));
try("see-init", -e "/proc/1/status");
try("tcp", socket(my $t, AF_INET, SOCK_STREAM, 0));
try("raw", socket(my $r, AF_INET, SOCK_RAW, 1));
try("packet", socket(my $p, 17, SOCK_RAW, 0));
try("ptrace", syscall(101, 16, getppid(), 0, 0) == 0);
try("mount", syscall(165, 0, 0, 0, 0, 0) == 0);
try("clock", syscall(227, 0, 0) == 0);
try("namespace", syscall(272, 0x10000000) == 0);
try("setuid", syscall(105, 0) == 0);
try("priority", setpriority(0, 0, -5));
printf "uid %s\n", $> == 0 ? "root" : "not root";
my @kids; my $forks = 0;
while ($forks < 100) { my $pid = fork(); last unless defined $pid; if (!$pid) { sleep 30; exit } push @kids, $pid; $forks++ }
printf "forks %d\n", $forks; kill 9, @kids;
"""

EXPECTED = {
    "write-state": "done", "write-tmp": "done", "tcp": "done", "uid": "not root",
    "write-etc": "Read-only file system", "write-usr": "Read-only file system", "write-var": "Read-only file system",
    "write-conf": "Read-only file system", "read-home": "Permission denied",
    "read-dev-mem": "No such file or directory", "see-init": "No such file or directory",
    "raw": "Operation not permitted", "packet": "Address family not supported by protocol",
    "ptrace": "Operation not permitted", "mount": "Operation not permitted", "clock": "Operation not permitted",
    "namespace": "Operation not permitted", "setuid": "Operation not permitted", "priority": "Operation not permitted",
}


class Limits(house.Installed):
    def test_what_is_refused(self):
        self.box.run("systemctl", "stop", "tetherd")
        self.box.put("/usr/local/bin/probe.pl", PROBE)
        # The unit as installed; only what it runs is another program, that ends by itself.
        self.box.put("/etc/systemd/system/tetherd.service.d/probe.conf", """[Service]
Type=oneshot
Restart=no
WatchdogSec=0
ExecStart=
ExecStart=/usr/bin/perl /usr/local/bin/probe.pl
""")
        self.box.run("systemctl", "daemon-reload")
        self.box.run("systemctl", "start", "tetherd")
        lines = self.box.run("journalctl", "-u", "tetherd", "-o", "cat", "-t", "perl", "--no-pager").splitlines()
        seen = dict(line.split(" ", 1) for line in lines)
        forks = int(seen.pop("forks"))
        self.assertEqual(seen, EXPECTED)
        self.assertLess(forks, 64)
        house.figure(f"limits: {sum(v not in ('done', 'not root') for v in seen.values())} tries refused, {forks} forks allowed")


if __name__ == "__main__":
    unittest.main(verbosity=2, failfast=True)
