//! A webhook that is set anew while its old receiver still has a request.

use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use crate::receiver::Receiver;
use crate::{created_with, set};

/// What the old receiver says at last is nothing to the new one, which gets the event at once.
#[tokio::test(flavor = "multi_thread")]
async fn what_the_old_receiver_answers_does_not_count_for_the_new_one() {
    for answer in ["410 Gone", "429 Slow\r\nretry-after: 600", "500 Oh"] {
        let folder = tempfile::tempdir().unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let old = format!("http://{}/", listener.local_addr().unwrap());
        let (daemon, _sandbox, _) = created_with(folder.path(), &[], json!({"url": old})).await;
        let (mut asked, _) = listener.accept().await.unwrap();
        assert!(asked.read(&mut [0; 4096]).await.unwrap() > 0, "the first event is on its way");
        let mut receiver = Receiver::answering(&[200]).await;
        assert_eq!(set(&daemon, json!({"url": receiver.url})).await.0, 201);
        asked.write_all(format!("HTTP/1.1 {answer}\r\ncontent-length: 0\r\n\r\n").as_bytes()).await.unwrap();
        // As if there had been no other.
        assert_eq!(receiver.next().await.1["event"], "INSTANCE_CREATE", "{answer}");
        let (_, listed) = daemon.ask("GET", "/webhook/deliveries/shop?status=dead", None).await;
        assert_eq!(listed["deliveries"], json!([]), "{answer}");
        daemon.terminate().await;
    }
}
