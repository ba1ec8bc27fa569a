//! Made-up but realistic IDEA events, for demonstrations and load tests.
//!
//! Message number *i* depends on the seed and on *i* only, never on what was generated before: a load can be cut
//! into shards, repeated, or resumed in the middle. The sums behind it use only operations that IEEE 754 defines to
//! the last bit, so all machines make the same bytes. What is modelled is the traffic of a CSIRT that collects
//! from many detectors: a few sources, targets and detectors cause most of the events, most messages are short and
//! some carry long lists or attachments (median about 0.7 kB, mean 1.1 kB, never above 16 kB). [`Profile`] names
//! other mixes.
//!
//! Addresses come from documentation, benchmark and private ranges and names from `example.com`, `.net` and `.org`,
//! so that no event can be mistaken for one about a real network. (Events of [`Profile::Hostile`] also have names that
//! are none.)
//!
//! ```
//! use mentat_core::generate::{Generator, Options};
//!
//! let mut options = Options::default();
//! options.seed = 7;
//! let generator = Generator::new(options);
//! let first: Vec<String> = generator.iter().take(3).collect();
//! assert_eq!(first[2], generator.message(2));
//! ```
//!
//! The same version of this module makes the same messages; another version may make others.

mod bulk;
mod json;
mod kinds;
mod odd;
mod population;
mod profile;
mod random;
mod spoil;
#[cfg(test)]
mod tests;

use jiff::Timestamp;

use json::Json;
use kinds::Kind;
use population::Population;
use random::{Purpose, Random};

pub use profile::{Profile, UnknownProfile};

/// What to generate.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Options {
    /// Which kinds of events occur, and how often.
    pub profile: Profile,
    /// Another seed gives another, equally likely series of messages.
    pub seed: u64,
    /// `DetectTime` of message 0. Times are kept between the years 1 and 9999.
    pub start: Timestamp,
    /// Messages per second of event time; what is not above zero counts as 1.
    pub rate: f64,
    /// The share of messages, 0 to 1, that are an earlier message (one of the 10,000 before) delivered again: same
    /// ID, same bytes.
    pub duplicates: f64,
    /// The share of messages, 0 to 1, that nobody should accept: broken JSON, wrong types, missing keys and so on.
    pub invalid: f64,
}

impl Default for Options {
    /// Seed 1, 20 messages per second from 1 March 2024, all of them acceptable and distinct.
    fn default() -> Self {
        let start = Timestamp::constant(1_709_251_200, 0);
        Self {
            profile: Profile::Default,
            seed: 1,
            start,
            rate: 20.0,
            duplicates: 0.0,
            invalid: 0.0,
        }
    }
}

/// Between these, in microseconds, years have four digits in every style.
const EARLIEST: i64 = -62_135_596_800_000_000;
const LATEST: i64 = 253_402_200_000_000_000;

/// How far back a message that is delivered again may lie.
const REPEATED: u64 = 10_000;

/// How far back messages lie that another one refers to.
const REFERRED: u64 = 500;

/// A series of messages; see the [module documentation](self).
#[derive(Clone, Debug)]
pub struct Generator {
    options: Options,
    population: Population,
}

impl Generator {
    /// Prepares a series; takes a millisecond and half a megabyte.
    pub fn new(mut options: Options) -> Self {
        if !(options.rate > 0.0 && options.rate.is_finite()) {
            options.rate = 1.0;
        }
        Self {
            population: Population::new(options.profile.sources()),
            options,
        }
    }

    /// The message number `index`: one JSON document on one line, without a line end.
    pub fn message(&self, index: u64) -> String {
        let index = self.origin(index);
        let text = self.event(index);
        let mut random = self.random(index, Purpose::Spoil);
        if random.chance(self.options.invalid) {
            spoil::spoil(&mut random, &text)
        } else {
            text
        }
    }

    /// The ID of message number `index`, found without making the message. (Some messages that are invalid on
    /// purpose lack it.)
    pub fn id(&self, index: u64) -> String {
        self.own_id(self.origin(index))
    }

    /// The endless series of messages.
    pub fn iter(&self) -> Messages<'_> {
        self.iter_from(0)
    }

    /// The endless series of messages from number `first` on.
    pub fn iter_from(&self, first: u64) -> Messages<'_> {
        Messages {
            generator: self,
            next: first,
        }
    }

    fn random(&self, index: u64, purpose: Purpose) -> Random {
        // Profiles must not share IDs: what came of one would be duplicates of the other. The default one is number 0,
        // which leaves the seed as it is.
        let series = (self.options.profile as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        Random::new(self.options.seed ^ series, index, purpose)
    }

    /// The message that is delivered as number `index`: an earlier one if this is a repetition.
    fn origin(&self, mut index: u64) -> u64 {
        loop {
            let mut random = self.random(index, Purpose::Repeat);
            if index == 0 || !random.chance(self.options.duplicates) {
                return index;
            }
            index -= 1 + random.below(index.min(REPEATED));
        }
    }

    /// A UUID of version 4 (random) and the usual variant.
    fn own_id(&self, index: u64) -> String {
        let mut random = self.random(index, Purpose::Id);
        let bits = u128::from(random.next()) << 64 | u128::from(random.next());
        let bits = bits & !(0xf << 76) & !(0b11 << 62) | 0x4 << 76 | 0b10 << 62;
        let mut text = format!("{bits:032x}");
        for at in [20, 16, 12, 8] {
            text.insert(at, '-');
        }
        text
    }

    fn event(&self, index: u64) -> String {
        let mut random = self.random(index, Purpose::Event);
        let random = &mut random;
        let profile = self.options.profile;
        let kind = random
            .weighted(profile.kinds(), |(_, weight)| profile.weight(*weight))
            .map_or(Kind::Tiny, |(kind, _)| *kind);
        let json = &mut Json::with_capacity(1024);
        // These say themselves what they have besides.
        let bare = matches!(kind, Kind::Tiny | Kind::Odd);
        json.object(|json| {
            json.key("Format").text("IDEA0");
            json.key("ID").text(&self.own_id(index));
            self.times(random, json, index, bare);
            if !bare && random.chance(0.3) {
                json.key("Confidence").hundredths(random.below(101));
            }
            let refers = (1 + random.below(11)).min(index);
            let referred: Vec<String> = match kind {
                Kind::Correlated | Kind::Aggregated => (0..refers)
                    .map(|_| self.id(index - 1 - random.below(index.min(REFERRED))))
                    .collect(),
                _ => Vec::new(),
            };
            kinds::write(kind, random, json, &self.population, &referred);
            if !bare {
                self.population.remarks(random, json);
            }
            self.population.nodes(random, json);
        });
        json.take()
    }

    /// Times rise with the number; what they are about lies before them.
    fn times(&self, random: &mut Random, json: &mut Json, index: u64, bare: bool) {
        let second = 1e6;
        // Exact up to 2^53 messages; then neighbours share a time. The cast back saturates.
        let since = (index as f64 + random.share()) / self.options.rate * second;
        let detected = self
            .options
            .start
            .as_microsecond()
            .saturating_add(since as i64)
            .clamp(EARLIEST, LATEST);
        let style = if random.chance(0.8) {
            Style::Seconds
        } else {
            *random.pick(&Style::RARE)
        };
        json.key("DetectTime").text(&style.print(detected));
        if bare {
            return;
        }
        let seconds = |count: u64| i64::try_from(count).unwrap_or(0) * 1_000_000;
        json.key("CreateTime")
            .text(&style.print(detected + seconds(random.below(30))));
        if random.chance(0.7) {
            let ceased = detected - seconds(5);
            let lasted = random.skewed(1200);
            json.key("EventTime").text(&style.print(ceased - seconds(lasted)));
            json.key("CeaseTime").text(&style.print(ceased));
        }
        if random.chance(0.25) {
            let window = seconds(300);
            let end = detected - detected.rem_euclid(window);
            json.key("WinStartTime").text(&Style::Seconds.print(end - window));
            json.key("WinEndTime").text(&Style::Seconds.print(end));
        }
    }
}

impl<'a> IntoIterator for &'a Generator {
    type Item = String;
    type IntoIter = Messages<'a>;

    fn into_iter(self) -> Messages<'a> {
        self.iter()
    }
}

/// The messages of a [`Generator`], one after the other, without end.
#[derive(Clone, Debug)]
pub struct Messages<'a> {
    generator: &'a Generator,
    next: u64,
}

impl Iterator for Messages<'_> {
    type Item = String;

    fn next(&mut self) -> Option<String> {
        let message = self.generator.message(self.next);
        self.next = self.next.checked_add(1)?;
        Some(message)
    }

    fn nth(&mut self, n: usize) -> Option<String> {
        self.next = self.next.checked_add(u64::try_from(n).ok()?)?;
        self.next()
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (usize::MAX, None)
    }
}

/// The ways in which producers write a time.
#[derive(Clone, Copy, Debug)]
enum Style {
    Seconds,
    Microseconds,
    Offset,
    Blank,
}

impl Style {
    const RARE: [Self; 3] = [Self::Microseconds, Self::Offset, Self::Blank];

    fn print(self, microsecond: i64) -> String {
        let microsecond = microsecond.clamp(EARLIEST, LATEST);
        let unit = if matches!(self, Self::Microseconds) {
            1
        } else {
            1_000_000
        };
        let time = Timestamp::from_microsecond(microsecond - microsecond.rem_euclid(unit)).unwrap_or_default();
        match self {
            Self::Seconds => time.to_string(),
            Self::Microseconds => format!("{time:.6}"),
            Self::Offset => time.display_with_offset(jiff::tz::offset(2)).to_string(),
            Self::Blank => time.to_string().replace('T', " "),
        }
    }
}
