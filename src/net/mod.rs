//! Ways out of the box: names, TLS, proxies, the one HTTP client, and what changes around it.
