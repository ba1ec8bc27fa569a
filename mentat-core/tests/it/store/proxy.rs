//! Something between a program and the server that can fail the way networks do.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{UnixListener, UnixStream};

/// Passes connections on. Once armed, it closes a connection after the server has carried out `COMMIT`, before the
/// client hears of it.
pub(super) struct Proxy {
    dir: tempfile::TempDir,
    server: PathBuf,
    armed: Arc<AtomicBool>,
}

const SOCKET: &str = ".s.PGSQL.5432";

impl Proxy {
    /// `socket_dir` is the server's. Nobody listens yet.
    pub(super) fn new(socket_dir: &Path) -> Self {
        Self {
            dir: tempfile::tempdir().unwrap(),
            server: socket_dir.join(SOCKET),
            armed: Arc::default(),
        }
    }

    /// How to connect through it.
    pub(super) fn place(&self, database: &str) -> String {
        format!("host={} user=mentat dbname={database}", self.dir.path().display())
    }

    /// The next answer to a `COMMIT` is lost.
    pub(super) fn lose_answer(&self) {
        self.armed.store(true, Ordering::SeqCst);
    }

    /// Whether an answer is still to be lost.
    pub(super) fn is_armed(&self) -> bool {
        self.armed.load(Ordering::SeqCst)
    }

    /// Starts to listen.
    pub(super) fn open(&self) {
        let listener = UnixListener::bind(self.dir.path().join(SOCKET)).unwrap();
        let (server, armed) = (self.server.clone(), Arc::clone(&self.armed));
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                tokio::spawn(pass(client, server.clone(), Arc::clone(&armed)));
            }
        });
    }
}

async fn pass(mut client: UnixStream, server: PathBuf, armed: Arc<AtomicBool>) {
    let mut server = UnixStream::connect(server).await.unwrap();
    let (mut up, mut down) = (vec![0; 1 << 16], vec![0; 1 << 16]);
    let mut cut = false;
    loop {
        tokio::select! {
            length = client.read(&mut up) => {
                let Ok(length @ 1..) = length else { return };
                cut |= up[..length].windows(7).any(|bytes| bytes == b"COMMIT\0") && armed.swap(false, Ordering::SeqCst);
                if server.write_all(&up[..length]).await.is_err() {
                    return;
                }
            }
            length = server.read(&mut down) => {
                let Ok(length @ 1..) = length else { return };
                // The server answers when it is done.
                if cut || client.write_all(&down[..length]).await.is_err() {
                    return;
                }
            }
        }
    }
}
