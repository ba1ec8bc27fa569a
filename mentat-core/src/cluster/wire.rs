//! The few words of PostgreSQL's protocol that are needed to ask a server on a socket one simple question.
//!
//! The alternative, running `psql`, costs a process per question (30 ms), needs the client package too, and leaves
//! errors to be parsed from text. Inside the private directory the server trusts everyone who can reach the socket,
//! so there is no authentication to implement. Protocol: "Frontend/Backend Protocol" in the PostgreSQL manual.

use std::io::{self, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

/// A connection to one database.
#[derive(Debug)]
pub(super) struct Connection {
    stream: UnixStream,
}

/// Why a question has no answer.
#[derive(Debug)]
pub(super) enum Failure {
    Io(io::Error),
    /// The server's own words.
    Server {
        code: String,
        message: String,
    },
}

/// Rows of text columns.
pub(super) type Rows = Vec<Vec<Option<String>>>;

/// Longer messages than this are not answers to our questions.
const MAX_MESSAGE: usize = 16 << 20;

/// Version 3.0.
const PROTOCOL: i32 = 196_608;

impl From<io::Error> for Failure {
    fn from(cause: io::Error) -> Self {
        Self::Io(cause)
    }
}

impl Connection {
    pub(super) fn open(socket: &Path, user: &str, database: &str, timeout: Duration) -> Result<Self, Failure> {
        let stream = UnixStream::connect(socket)?;
        stream.set_read_timeout(Some(timeout))?;
        stream.set_write_timeout(Some(timeout))?;
        let mut connection = Self { stream };
        let mut body = PROTOCOL.to_be_bytes().to_vec();
        let parameters = [
            "user",
            user,
            "database",
            database,
            "application_name",
            "mentat",
            "client_encoding",
            "UTF8",
        ];
        for text in parameters {
            push_text(&mut body, text)?;
        }
        body.push(0);
        connection.send(None, &body)?;
        connection.answer()?;
        Ok(connection)
    }

    /// Runs `sql`, which may be several statements.
    pub(super) fn query(&mut self, sql: &str) -> Result<Rows, Failure> {
        let mut body = Vec::with_capacity(sql.len() + 1);
        push_text(&mut body, sql)?;
        self.send(Some(b'Q'), &body)?;
        self.answer()
    }

    fn send(&mut self, kind: Option<u8>, body: &[u8]) -> Result<(), Failure> {
        let length = i32::try_from(body.len() + 4).map_err(|_| malformed("message too long"))?;
        let mut message = Vec::with_capacity(body.len() + 5);
        message.extend(kind);
        message.extend(length.to_be_bytes());
        message.extend(body);
        self.stream.write_all(&message)?;
        Ok(())
    }

    /// Reads up to the point where the server is ready for the next question.
    fn answer(&mut self) -> Result<Rows, Failure> {
        let mut rows = Rows::new();
        let mut failure = None;
        loop {
            let (kind, body) = self.receive()?;
            let mut body = Body(&body);
            match kind {
                b'Z' => return failure.map_or(Ok(rows), Err),
                // After an error during start-up the server closes the connection instead of becoming ready.
                b'E' => match body.error()? {
                    error if error.fatal => return Err(error.failure),
                    error => failure = Some(error.failure),
                },
                b'R' if body.number()? != 0 => {
                    let message = "the server asks for a password; a private one never does".to_owned();
                    return Err(Failure::Server {
                        code: "28000".to_owned(),
                        message,
                    });
                }
                b'D' => rows.push(body.row()?),
                _ => {}
            }
        }
    }

    fn receive(&mut self) -> Result<(u8, Vec<u8>), Failure> {
        let mut head = [0; 5];
        self.stream.read_exact(&mut head)?;
        let [kind, length @ ..] = head;
        let length = usize::try_from(i32::from_be_bytes(length))
            .ok()
            .and_then(|length| length.checked_sub(4));
        let length = length
            .filter(|length| *length <= MAX_MESSAGE)
            .ok_or_else(|| malformed("bad message length"))?;
        let mut body = vec![0; length];
        self.stream.read_exact(&mut body)?;
        Ok((kind, body))
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        // "Terminate"; a connection that just vanishes is noise in the server's log.
        let _ = self.send(Some(b'X'), &[]);
    }
}

/// What of a message has not been read yet.
struct Body<'a>(&'a [u8]);

struct ServerError {
    failure: Failure,
    fatal: bool,
}

impl Body<'_> {
    fn take(&mut self, count: usize) -> Result<&[u8], Failure> {
        let (taken, rest) = self
            .0
            .split_at_checked(count)
            .ok_or_else(|| malformed("short message"))?;
        self.0 = rest;
        Ok(taken)
    }

    fn number(&mut self) -> Result<i32, Failure> {
        let bytes = self.take(4)?.try_into().map_err(|_| malformed("short number"))?;
        Ok(i32::from_be_bytes(bytes))
    }

    fn text(&mut self) -> Result<String, Failure> {
        let end = self
            .0
            .iter()
            .position(|byte| *byte == 0)
            .ok_or_else(|| malformed("unfinished text"))?;
        let text = String::from_utf8_lossy(self.take(end)?).into_owned();
        self.take(1)?;
        Ok(text)
    }

    fn row(&mut self) -> Result<Vec<Option<String>>, Failure> {
        let [high, low] = self.take(2)?.try_into().map_err(|_| malformed("short row"))?;
        (0..u16::from_be_bytes([high, low]))
            .map(|_| match usize::try_from(self.number()?) {
                Ok(length) => Ok(Some(String::from_utf8_lossy(self.take(length)?).into_owned())),
                // Length -1 stands for null.
                Err(_) => Ok(None),
            })
            .collect()
    }

    fn error(&mut self) -> Result<ServerError, Failure> {
        let (mut code, mut message, mut fatal) = (String::new(), String::new(), false);
        loop {
            match self.take(1)? {
                [b'C'] => code = self.text()?,
                [b'M'] => message = self.text()?,
                // The severity that is never translated.
                [b'V'] => fatal = matches!(self.text()?.as_str(), "FATAL" | "PANIC"),
                [0] => {
                    return Ok(ServerError {
                        failure: Failure::Server { code, message },
                        fatal,
                    });
                }
                _ => {
                    self.text()?;
                }
            }
        }
    }
}

fn push_text(body: &mut Vec<u8>, text: &str) -> Result<(), Failure> {
    if text.contains('\0') {
        return Err(Failure::Io(io::Error::new(
            io::ErrorKind::InvalidInput,
            "text contains a NUL character",
        )));
    }
    body.extend(text.as_bytes());
    body.push(0);
    Ok(())
}

fn malformed(what: &str) -> Failure {
    Failure::Io(io::Error::new(
        io::ErrorKind::InvalidData,
        format!("not PostgreSQL's protocol: {what}"),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn odd_messages_are_errors_not_panics() {
        assert!(Body(&[0, 1, 0, 0, 0, 9, b'x']).row().is_err());
        assert!(Body(&[0]).row().is_err());
        assert!(Body(b"unfinished").text().is_err());
        assert!(Body(b"CX").error().is_err());
        assert_eq!(
            Body(&[0, 2, 0, 0, 0, 1, b'x', 255, 255, 255, 255]).row().unwrap(),
            [Some("x".to_owned()), None]
        );
    }

    #[test]
    fn a_peer_that_is_no_server_is_reported() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("s");
        let listener = std::os::unix::net::UnixListener::bind(&path).unwrap();
        let peer = std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            // A socket closed with something unread in it would be a reset connection instead.
            let _ = stream.read(&mut [0; 1024]).unwrap();
            stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").unwrap();
        });
        let failure = Connection::open(&path, "u", "d", Duration::from_secs(5)).unwrap_err();
        assert!(matches!(failure, Failure::Io(cause) if cause.kind() == io::ErrorKind::InvalidData));
        peer.join().unwrap();
    }
}
