//! The keys of one source or target.

use crate::idea::tree::{Node, Object};
use mentat_filter::IpSpan;
use std::borrow::Cow;

/// One source or target of an [`Event`](crate::Event); see [`sources`](crate::Event::sources).
#[derive(Clone, Copy, Debug)]
pub struct PartyRef<'a>(pub(super) &'a Object);

impl<'a> PartyRef<'a> {
    /// Type tags, such as `Botnet` (`Type`).
    pub fn types(self) -> impl Iterator<Item = &'a str> {
        self.0.texts("Type")
    }

    /// Host names, as they stand in the message (`Hostname`).
    pub fn hostnames(self) -> impl Iterator<Item = &'a str> {
        self.0.texts("Hostname")
    }

    /// IPv4 addresses, blocks and ranges (`IP4`).
    pub fn ip4(self) -> impl Iterator<Item = IpSpan> + use<'a> {
        self.0.spans("IP4")
    }

    /// IPv6 addresses, blocks and ranges (`IP6`).
    pub fn ip6(self) -> impl Iterator<Item = IpSpan> + use<'a> {
        self.0.spans("IP6")
    }

    /// All addresses, blocks and ranges, IPv4 first.
    pub fn addresses(self) -> impl Iterator<Item = IpSpan> + use<'a> {
        self.ip4().chain(self.ip6())
    }

    /// MAC addresses (`MAC`).
    pub fn macs(self) -> impl Iterator<Item = &'a str> {
        self.0.texts("MAC")
    }

    /// Ports (`Port`). Numbers that are none, which only strict reading refuses, are left out.
    pub fn ports(self) -> impl Iterator<Item = u16> + use<'a> {
        self.0.integers("Port").filter_map(|number| number.try_into().ok())
    }

    /// Protocols, as they stand in the message (`Proto`): names, and numbers as their text. Values of other kinds,
    /// which the definition does not rule out, are left out.
    pub fn protocols(self) -> impl Iterator<Item = Cow<'a, str>> {
        self.0.list("Proto").iter().filter_map(|node| match node {
            Node::Str(text) | Node::Number(text) => Some(Cow::Borrowed(&**text)),
            Node::Int(number) => Some(Cow::Owned(number.to_string())),
            _ => None,
        })
    }

    /// URLs (`URL`), which nobody has checked.
    pub fn urls(self) -> impl Iterator<Item = &'a str> {
        self.0.texts("URL")
    }

    /// Mail addresses (`Email`), which nobody has checked.
    pub fn emails(self) -> impl Iterator<Item = &'a str> {
        self.0.texts("Email")
    }

    /// Handles of the attachments that belong here (`AttachHand`).
    pub fn attachment_handles(self) -> impl Iterator<Item = &'a str> {
        self.0.texts("AttachHand")
    }

    /// The note in free text (`Note`).
    #[must_use]
    pub fn note(self) -> Option<&'a str> {
        self.0.text("Note")
    }

    /// Whether the addresses are known to be forged (`Spoofed`).
    #[must_use]
    pub fn spoofed(self) -> Option<bool> {
        self.0.flag("Spoofed")
    }

    /// Whether the addresses are known to be inexact (`Imprecise`).
    #[must_use]
    pub fn imprecise(self) -> Option<bool> {
        self.0.flag("Imprecise")
    }

    /// Whether the addresses were made unrecognisable on purpose (`Anonymised`).
    #[must_use]
    pub fn anonymised(self) -> Option<bool> {
        self.0.flag("Anonymised")
    }

    /// Numbers of autonomous systems (`ASN`).
    pub fn asns(self) -> impl Iterator<Item = i64> + use<'a> {
        self.0.integers("ASN")
    }

    /// Routers or interfaces that the traffic came through (`Router`).
    pub fn routers(self) -> impl Iterator<Item = &'a str> {
        self.0.texts("Router")
    }

    /// Names of networks with their registry, such as `ripe:EXAMPLE-NET` (`Netname`).
    pub fn netnames(self) -> impl Iterator<Item = &'a str> {
        self.0.texts("Netname")
    }

    /// URIs of what is known about the party (`Ref`).
    pub fn refs(self) -> impl Iterator<Item = &'a str> {
        self.0.texts("Ref")
    }
}
