//! Events that are valid, but that nobody expects.

use super::json::Json;
use super::population::Population;
use super::random::Random;

/// Texts that readers, databases and terminals trip over.
const TEXTS: [&str; 12] = [
    "",
    " ",
    "null",
    "\0 begins with NUL",
    "\u{1b}[31mred\u{1b}[0m\u{7}\u{8}\u{7f}\u{85}",
    "line\r\nline\u{2028}line\u{b}tab\t",
    "\u{202e}txt.exe\u{202c} \u{200b}\u{feff}",
    "e\u{301}\u{302}\u{303}\u{304}\u{305} ﷽ 👩‍👩‍👧‍👦 🏳️‍🌈",
    "'; DROP TABLE events; -- \\' \" $$ %s {0} ${x} {{x}}",
    "<script>alert(1)</script>&amp;<!-- ]]>",
    "../../etc/passwd\\..\\x",
    "\u{10ffff}\u{e000}\u{fffd}\u{fffe}",
];

/// Names that no key should have. None differs from another in case only, as some readers fold it.
const KEYS: [&str; 10] = [
    "_",
    "a.b",
    "a/b~c",
    "__proto__",
    "$where",
    "klíč\u{0}",
    "0",
    "key with blanks ",
    "\u{1f511}",
    "x[0]",
];

/// Numbers at the limits of what readers can hold.
const NUMBERS: [&str; 12] = [
    "0",
    "-0",
    "-0.0",
    "9007199254740993",
    "9223372036854775807",
    "-9223372036854775808",
    "18446744073709551616",
    "1e308",
    "5e-324",
    "0.1e-6",
    "3.141592653589793238462643383279",
    "123456789012345678901234567890",
];

/// Times at the limits of the calendar and of clocks.
const TIMES: [&str; 5] = [
    "0001-01-02T00:00:00Z",
    "1969-12-31T23:59:59.999999Z",
    "2038-01-19T03:14:08Z",
    "9999-12-30T21:59:59Z",
    "2024-02-29T23:59:59.000001+14:00",
];

/// The most of what a counter may hold.
const COUNTS: [u64; 4] = [0, 1, 1 << 53, i64::MAX as u64];

/// Some text that readers trip over.
pub(super) fn text(random: &mut Random) -> &'static str {
    random.word(&TEXTS)
}

/// Some of the oddities, never all of them.
pub(super) fn write(random: &mut Random, json: &mut Json, who: &Population) {
    for key in ["CreateTime", "EventTime", "CeaseTime"] {
        if random.chance(0.4) {
            json.key(key).text(random.word(&TIMES));
        }
    }
    for key in ["ConnCount", "FlowCount", "PacketCount", "ByteCount"] {
        if random.chance(0.4) {
            json.key(key).number(*random.pick(&COUNTS));
        }
    }
    if random.chance(0.4) {
        json.key("Confidence")
            .verbatim(random.word(&["0", "1", "1e-9", "0.1000000000000000055"]));
    }
    if random.chance(0.2) {
        let long = text(random).repeat(2000);
        json.key("Note").text(&long);
    }
    if random.chance(0.3) {
        let names = random.between(0, 2000);
        json.key("AltNames")
            .texts((0..names).map(|name| format!("{}{name}", text(random))));
    }
    json.key("Source").list(|json| {
        for _ in 0..random.below(4) {
            json.object(|json| party(random, json, who));
        }
    });
    if random.chance(0.5) {
        json.key("Target").only(|json| party(random, json, who));
    }
    if random.chance(0.4) {
        json.key("Attach").only(|json| {
            json.key("Content").text(text(random));
            json.key("Size").number(*random.pick(&COUNTS));
        });
    }
    // A prefix keeps them apart from all keys that mean something.
    for key in KEYS {
        if random.chance(0.3) {
            let depth = random.long_tailed(100);
            json.key(&format!("_x{key}"));
            nested(random, json, depth);
        }
    }
}

/// A source or target, perhaps an empty one.
fn party(random: &mut Random, json: &mut Json, who: &Population) {
    match random.below(5) {
        0 => return,
        1 => json
            .key("IP4")
            .texts(["10.0.0.0/8", "192.0.2.0-192.0.2.255", "203.0.113.7/32"]),
        2 => json
            .key("IP6")
            .texts(["2001:db8::/32", "2001:DB8:0:0:0:0:0:1", "2001:db8::-2001:db8::ffff"]),
        3 => {
            json.key("IP4").texts([""; 0]);
            json.key("IP6").texts([""; 0]);
        }
        _ => who.source(random, json),
    }
    if random.chance(0.3) {
        json.key("Port").numbers([0, 65_535]);
    }
    if random.chance(0.1) {
        let ports = random.between(1000, 10_000);
        json.key("Type").texts(["Incomplete"]);
        json.key("_ports").numbers(0..ports);
    }
    if random.chance(0.3) {
        json.key("Hostname")
            .texts(["xn--bcher-kva.example.org", "BÜCHER.example.org.", text(random)]);
    }
    if random.chance(0.3) {
        json.key("Email").texts(["\"a b\"@example.org", text(random)]);
    }
}

/// A value inside of `depth` lists and objects.
fn nested(random: &mut Random, json: &mut Json, depth: u64) {
    if depth > 0 && random.chance(0.5) {
        json.list(|json| nested(random, json, depth - 1));
    } else if depth > 0 {
        json.object(|json| {
            json.key("");
            nested(random, json, depth - 1);
        });
    } else {
        match random.below(5) {
            0 => json.verbatim("null"),
            1 => json.boolean(random.chance(0.5)),
            2 => json.texts(TEXTS),
            3 => json.text(text(random)),
            _ => json.verbatim(random.word(&NUMBERS)),
        }
    }
}
