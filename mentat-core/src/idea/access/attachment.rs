//! The keys of one attachment.

use crate::idea::tree::Object;

/// One attachment of an [`Event`](crate::Event); see [`attachments`](crate::Event::attachments).
///
/// Contents may be live malware or passwords: they are not for logs.
#[derive(Clone, Copy, Debug)]
pub struct AttachmentRef<'a>(pub(super) &'a Object);

impl<'a> AttachmentRef<'a> {
    /// The name by which sources and targets point here (`Handle`).
    #[must_use]
    pub fn handle(self) -> Option<&'a str> {
        self.0.text("Handle")
    }

    /// Names of the file (`FileName`). Never to be used as paths unchecked.
    pub fn file_names(self) -> impl Iterator<Item = &'a str> {
        self.0.texts("FileName")
    }

    /// Type tags, such as `Malware` (`Type`).
    pub fn types(self) -> impl Iterator<Item = &'a str> {
        self.0.texts("Type")
    }

    /// Hashes of the content with their kind, such as `sha1:0123abcd` (`Hash`).
    pub fn hashes(self) -> impl Iterator<Item = &'a str> {
        self.0.texts("Hash")
    }

    /// The size of the content in bytes, as the producer says (`Size`).
    #[must_use]
    pub fn size(self) -> Option<i64> {
        self.0.integer("Size")
    }

    /// URIs of what is known about the content (`Ref`).
    pub fn refs(self) -> impl Iterator<Item = &'a str> {
        self.0.texts("Ref")
    }

    /// The note in free text (`Note`).
    #[must_use]
    pub fn note(self) -> Option<&'a str> {
        self.0.text("Note")
    }

    /// The media type of the content, such as `text/plain` (`ContentType`).
    #[must_use]
    pub fn content_type(self) -> Option<&'a str> {
        self.0.text("ContentType")
    }

    /// The character set of the content (`ContentCharset`). Without one it is bytes of unknown meaning.
    #[must_use]
    pub fn content_charset(self) -> Option<&'a str> {
        self.0.text("ContentCharset")
    }

    /// How the content is written (`ContentEncoding`): `base64`, in lower case, or not at all, as plain text.
    #[must_use]
    pub fn content_encoding(self) -> Option<&'a str> {
        self.0.text("ContentEncoding")
    }

    /// The content as it stands in the message (`Content`); what it means is up to
    /// [`content_encoding`](Self::content_encoding).
    #[must_use]
    pub fn content(self) -> Option<&'a str> {
        self.0.text("Content")
    }

    /// Names of the content in a container outside of the message (`ContentID`).
    pub fn content_ids(self) -> impl Iterator<Item = &'a str> {
        self.0.texts("ContentID")
    }

    /// URIs where the content is found outside of the message (`ExternalURI`).
    pub fn external_uris(self) -> impl Iterator<Item = &'a str> {
        self.0.texts("ExternalURI")
    }
}
