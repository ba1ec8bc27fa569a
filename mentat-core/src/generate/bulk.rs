//! Events that are large.

use super::json::Json;
use super::kinds::base64;
use super::population::Population;
use super::random::Random;

/// Thousands of sources in many groups, and thousands of targets.
pub(super) fn crowd(random: &mut Random, json: &mut Json, who: &Population) {
    let groups = random.between(10, 60);
    json.key("PacketCount").number(random.between(100_000, 1_000_000_000));
    json.key("Source").list(|json| {
        for group in 0..groups {
            let attackers = random.between(20, 300);
            json.object(|json| {
                who.sources(random, json, attackers);
                json.key("Type").texts(["Botnet"]);
                json.key("Port").numbers([1024 + group]);
                json.key("Proto").texts(["udp"]);
            });
        }
    });
    json.key("Target").list(|json| {
        for _ in 0..random.between(1, 20) {
            // From 200 on, targets would be networks.
            let targets = random.between(100, 200);
            json.object(|json| {
                who.targets(random, json, targets);
                json.key("Port").numbers([53]);
                json.key("Proto").texts(["udp", "dns"]);
            });
        }
    });
}

/// A recording of half a megabyte at most.
pub(super) fn archive(random: &mut Random, json: &mut Json, who: &Population) {
    json.key("Source").only(|json| who.source(random, json));
    json.key("Target").only(|json| who.targets(random, json, 1));
    let length = random.between(50_000, 500_000);
    json.key("Attach").only(|json| {
        json.key("Handle").text("recording");
        json.key("Type").texts(["OrigData"]);
        json.key("FileName").texts(["recording.pcap"]);
        json.key("Size").number(length);
        json.key("ContentType").text("application/vnd.tcpdump.pcap");
        json.key("ContentEncoding").text("base64");
        json.key("Content").text(&base64(random, length));
    });
}
