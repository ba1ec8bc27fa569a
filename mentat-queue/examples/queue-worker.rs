//! One small process at work on queues, for tests that kill it: `queue-worker COMMAND QUEUE [NEXT] [ARGUMENT]`.

use std::io::{Error, ErrorKind};
use std::time::Duration;

use mentat_queue::{Claim, CopyTo, Operator, Options, Queue, Reason, Which};

type Outcome = Result<(), Box<dyn std::error::Error>>;

fn main() -> Outcome {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [command, dir, rest @ ..] = &arguments[..] else {
        return Err("usage: queue-worker COMMAND QUEUE [NEXT] [ARGUMENT]".into());
    };
    let open = |dir: &String| Queue::open(dir, Options::default());
    let next =
        || open(rest.first().ok_or(Error::from(ErrorKind::InvalidInput))?).map_err(Box::<dyn std::error::Error>::from);
    match command.as_str() {
        "enqueue" => drop(open(dir)?.enqueue(b"enqueued")?),
        "publish" => drop(open(dir)?.publish(&[(&"published".parse()?, b"published")])?),
        "recover" => drop(open(dir)?.recover()?),
        "hold" => drop(Operator::open(dir, Options::default())?.hold(&Which::All)?),
        "chain" => chain(&open(dir)?, &next()?)?,
        _ => {
            let queue = open(dir)?;
            for claim in queue.claim(1)? {
                settle(&queue, claim, command, next)?;
            }
        }
    }
    Ok(())
}

fn settle(
    queue: &Queue,
    claim: Claim,
    command: &str,
    next: impl Fn() -> Result<Queue, Box<dyn std::error::Error>>,
) -> Outcome {
    match command {
        "forward" => claim.forward(&next()?)?,
        "change" => {
            let changed = [claim.bytes(), b", changed"].concat();
            claim.forward_changed(&next()?, changed)?;
        }
        "copy" => {
            let (name, to) = (claim.name().child("copy"), next()?);
            let copy = CopyTo {
                claim: &claim,
                to: &to,
                name,
                bytes: None,
            };
            queue.copy(&[copy])?;
            claim.release()?;
        }
        "acknowledge" => claim.acknowledge()?,
        "reject" => claim.reject(Reason::new("x", "y"))?,
        "defer" => claim.defer(Duration::from_secs(3600))?,
        "release" => claim.release()?,
        _ => return Err(format!("unknown command {command}").into()),
    }
    Ok(())
}

/// Forwards until it is killed.
fn chain(from: &Queue, to: &Queue) -> Outcome {
    let watcher = from.watch()?;
    loop {
        // Claims of a process that was killed a moment ago are not waited for.
        from.recover()?;
        let mut claims = from.claim(8)?;
        if claims.is_empty() {
            watcher.wait(Duration::from_millis(20))?;
        }
        let mut items: Vec<_> = claims.iter_mut().map(|claim| (claim, None)).collect();
        from.forward(to, &mut items)?;
    }
}
