//! The binary form of `COPY`: PostgreSQL's wire formats of exactly the types that our tables have.

use super::row::Row;
use super::types::Time;
use bytes::{BufMut, BytesMut};
use jiff::Timestamp;
use mentat_filter::{Family, IpSpan};
use std::collections::BTreeSet;
use std::net::IpAddr;

/// The columns of `mentat.events`, in the order in which [`Rows::event`] writes them.
pub(super) const EVENT_COLUMNS: &str = "storagetime, detecttime, chunk, raw_off, raw_len, shadow_reporting, \
     shadow_reporting_target, id, id_text, source_ip4, target_ip4, source_ip6, target_ip6, addr, category, node_name, \
     source_port, target_port, source_type, target_type, source_hostname, target_hostname, protocol, node_type, \
     node_sw, resolvedabuses, targetabuses, inspectionerrors, tlp, description, eventclass, targetclass, \
     eventseverity, targetseverity";

/// Type numbers that PostgreSQL has fixed for ever.
const INT4: u32 = 23;
const TEXT: u32 = 25;

/// Where an event's text lies.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    pub(super) chunk: i64,
    pub(super) offset: usize,
    pub(super) length: usize,
}

/// A buffer of rows.
pub(super) struct Rows(BytesMut);

impl Rows {
    pub(super) fn new() -> Self {
        let mut buffer = BytesMut::with_capacity(64 * 1024);
        buffer.put_slice(b"PGCOPY\n\xff\r\n\0");
        buffer.put_i32(0);
        buffer.put_i32(0);
        Self(buffer)
    }

    /// The whole stream.
    pub(super) fn finish(mut self) -> bytes::Bytes {
        self.0.put_i16(-1);
        self.0.freeze()
    }

    pub(super) fn raw(&mut self, chunk: i64, body: &[u8]) {
        self.0.put_i16(2);
        self.field(|buffer| buffer.put_i64(chunk));
        self.field(|buffer| buffer.put_slice(body));
    }

    pub(super) fn event(&mut self, row: &Row, storagetime: Timestamp, place: Place) {
        self.0.put_i16(34);
        self.field(|buffer| buffer.put_i64(Time(storagetime).microseconds()));
        self.field(|buffer| buffer.put_i64(Time(row.detecttime).microseconds()));
        self.field(|buffer| buffer.put_i64(place.chunk));
        self.field(|buffer| buffer.put_i32(size(place.offset)));
        self.field(|buffer| buffer.put_i32(size(place.length)));
        self.field(|buffer| buffer.put_u8(row.shadow_reporting.into()));
        self.field(|buffer| buffer.put_u8(row.shadow_reporting_target.into()));
        self.field(|buffer| buffer.put_slice(&row.key));
        self.text(row.hashed_id());
        self.spans4(&row.source_ip);
        self.spans4(&row.target_ip);
        self.spans6(&row.source_ip);
        self.spans6(&row.target_ip);
        self.lexemes(&row.address_keys());
        self.texts(Some(&row.category));
        self.texts(Some(&row.node_name));
        self.ports(&row.source_port);
        self.ports(&row.target_port);
        for list in [
            &row.source_type,
            &row.target_type,
            &row.source_hostname,
            &row.target_hostname,
            &row.protocol,
            &row.node_type,
            &row.node_sw,
            &row.resolvedabuses,
            &row.targetabuses,
            &row.inspectionerrors,
        ] {
            self.texts((!list.is_empty()).then_some(list));
        }
        self.text(row.tlp.as_deref());
        for text in [
            &row.description,
            &row.eventclass,
            &row.targetclass,
            &row.eventseverity,
            &row.targetseverity,
        ] {
            self.text(text.as_deref());
        }
    }

    /// One field: its length, then what `write` puts.
    fn field(&mut self, write: impl FnOnce(&mut BytesMut)) {
        put_sized(&mut self.0, write);
    }

    fn null(&mut self) {
        self.0.put_i32(-1);
    }

    fn text(&mut self, text: Option<&str>) {
        match text {
            Some(text) => self.field(|buffer| buffer.put_slice(text.as_bytes())),
            None => self.null(),
        }
    }

    fn texts(&mut self, list: Option<&Vec<String>>) {
        match list {
            Some(list) => self.array(TEXT, list, |buffer, text| buffer.put_slice(text.as_bytes())),
            None => self.null(),
        }
    }

    fn ports(&mut self, list: &[u16]) {
        if list.is_empty() {
            return self.null();
        }
        self.array(INT4, list, |buffer, port| buffer.put_i32((*port).into()));
    }

    fn array<T>(&mut self, element: u32, list: &[T], mut write: impl FnMut(&mut BytesMut, &T)) {
        self.field(|buffer| {
            buffer.put_i32(i32::from(!list.is_empty())); // dimensions
            buffer.put_i32(0); // no nulls inside
            buffer.put_u32(element);
            if !list.is_empty() {
                buffer.put_i32(size(list.len()));
                buffer.put_i32(1); // lower bound
            }
            for item in list {
                put_sized(buffer, |buffer| write(buffer, item));
            }
        });
    }

    /// `int8multirange`: half-open, so that the last address has a successor in 64 bits.
    fn spans4(&mut self, spans: &[IpSpan]) {
        self.multirange(spans, Family::V4, |buffer, span| {
            const LOWER_INCLUSIVE: u8 = 0x02;
            buffer.put_u8(LOWER_INCLUSIVE);
            let bound = |address: u128| i64::try_from(address).unwrap_or(i64::MAX);
            put_sized(buffer, |buffer| buffer.put_i64(bound(span.low())));
            put_sized(buffer, |buffer| buffer.put_i64(bound(span.high() + 1)));
        });
    }

    /// `mentat.inetmultirange`: closed, because the last address has no successor.
    fn spans6(&mut self, spans: &[IpSpan]) {
        self.multirange(spans, Family::V6, |buffer, span| {
            const BOTH_INCLUSIVE: u8 = 0x06;
            buffer.put_u8(BOTH_INCLUSIVE);
            put_sized(buffer, |buffer| put_inet(buffer, span.first()));
            put_sized(buffer, |buffer| put_inet(buffer, span.last()));
        });
    }

    fn multirange(&mut self, spans: &[IpSpan], family: Family, mut write: impl FnMut(&mut BytesMut, &IpSpan)) {
        let count = spans.iter().filter(|span| span.family() == family).count();
        if count == 0 {
            return self.null();
        }
        self.field(|buffer| {
            buffer.put_i32(size(count));
            for span in spans.iter().filter(|span| span.family() == family) {
                put_sized(buffer, |buffer| write(buffer, span));
            }
        });
    }

    /// `tsvector`: the set is sorted the way the server wants it.
    fn lexemes(&mut self, keys: &BTreeSet<String>) {
        if keys.is_empty() {
            return self.null();
        }
        self.field(|buffer| {
            buffer.put_i32(size(keys.len()));
            for key in keys {
                buffer.put_slice(key.as_bytes());
                buffer.put_u8(0);
                buffer.put_u16(0); // no positions
            }
        });
    }
}

/// `inet` with the full mask: an address, not a network.
fn put_inet(buffer: &mut BytesMut, address: IpAddr) {
    match address {
        IpAddr::V4(address) => {
            buffer.put_slice(&[2, 32, 0, 4]);
            buffer.put_slice(&address.octets());
        }
        IpAddr::V6(address) => {
            buffer.put_slice(&[3, 128, 0, 16]);
            buffer.put_slice(&address.octets());
        }
    }
}

/// A length in front of what `write` puts.
fn put_sized(buffer: &mut BytesMut, write: impl FnOnce(&mut BytesMut)) {
    let at = buffer.len();
    buffer.put_i32(0);
    write(buffer);
    let length = size(buffer.len() - at - 4);
    if let Some(head) = buffer.get_mut(at..at + 4) {
        head.copy_from_slice(&length.to_be_bytes());
    }
}

/// Messages are limited to a few megabytes, far below what the format can say.
fn size(length: usize) -> i32 {
    i32::try_from(length).unwrap_or(i32::MAX)
}
