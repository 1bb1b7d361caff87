//! Messages of D-Bus. D-Bus Specification, "Message Protocol"

use super::value::{Reader, Writer};

/// What a message begins with before its header fields: order, type, flags, version, length of the body, serial, length of the fields.
pub(super) const FIXED: usize = 16;

/// No message of systemd's comes near it; the bus allows 128 MiB.
const GREATEST: usize = 16 << 20;
const ORDER: u8 = if cfg!(target_endian = "little") { b'l' } else { b'B' };
const VERSION: u8 = 1;
const CALL: u8 = 1;

// Codes of header fields.
const PATH: u8 = 1;
const INTERFACE: u8 = 2;
const MEMBER: u8 = 3;
const ERROR_NAME: u8 = 4;
const REPLY_SERIAL: u8 = 5;
const DESTINATION: u8 = 6;
const SIGNATURE: u8 = 8;

/// Who is called.
pub(super) struct Object {
    /// The service, which is also the interface of what it has by itself.
    pub(super) destination: &'static str,
    /// The object in it.
    pub(super) path: &'static str,
    /// Whose methods.
    pub(super) interface: &'static str,
}

/// A method call, with its header.
pub(super) fn call(object: &Object, member: &str, signature: &str, body: &[u8], serial: u32) -> Vec<u8> {
    let mut out = Writer::default();
    for byte in [ORDER, CALL, 0, VERSION] {
        out.byte(byte);
    }
    out.number(u32::try_from(body.len()).unwrap_or(u32::MAX));
    out.number(serial);
    let fields = |out: &mut Writer| {
        let texts = [
            (PATH, "o", object.path),
            (INTERFACE, "s", object.interface),
            (MEMBER, "s", member),
            (DESTINATION, "s", object.destination),
        ];
        for (code, kind, text) in texts {
            out.align(8);
            out.byte(code);
            out.signature(kind);
            out.text(text);
        }
        if !signature.is_empty() {
            out.align(8);
            out.byte(SIGNATURE);
            out.signature("g");
            out.signature(signature);
        }
        Ok::<(), std::convert::Infallible>(())
    };
    let Ok(()) = out.array(8, fields);
    out.align(8);
    let mut bytes = out.into_bytes();
    bytes.extend(body);
    bytes
}

/// A message that came.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Received {
    /// 2 an answer, 3 an error, 4 a signal.
    pub(super) kind: u8,
    /// The serial of the call that it answers.
    pub(super) reply_to: Option<u32>,
    /// A signal's name.
    pub(super) member: String,
    /// An error's name.
    pub(super) error: String,
    /// Type of the body.
    pub(super) signature: String,
    /// The values.
    pub(super) body: Vec<u8>,
}

impl Received {
    /// It answers a call.
    pub(super) const ANSWER: u8 = 2;
    /// It answers one that failed.
    pub(super) const ERROR: u8 = 3;
    /// Somebody tells everybody.
    pub(super) const SIGNAL: u8 = 4;
}

/// How many bytes follow the fixed part, by that part: fields with what aligns them, then the body. None: this is no message.
pub(super) fn rest(fixed: &[u8; FIXED]) -> Option<(usize, usize)> {
    let [ORDER, _, _, VERSION, ..] = fixed else { return None };
    let mut reader = Reader::new(fixed);
    let body = (reader.number().and_then(|_| reader.number()))?;
    let fields = (reader.number().and_then(|_| reader.number()))?;
    let (fields, body) = (usize::try_from(fields).ok()?.checked_next_multiple_of(8)?, usize::try_from(body).ok()?);
    (fields.checked_add(body)? <= GREATEST).then_some((fields, body))
}

/// Reads a message: all of it but its body in `header`. None: this is no message.
pub(super) fn parse(header: &[u8], body: Vec<u8>) -> Option<Received> {
    let mut received = Received { kind: *header.get(1)?, body, ..Received::default() };
    let mut fields = Reader::new(header);
    (0..3).try_for_each(|_| fields.number().map(drop))?;
    let length = usize::try_from(fields.number()?).ok()?;
    let mut fields = Reader::new(header.get(..FIXED.checked_add(length)?)?);
    (0..4).try_for_each(|_| fields.number().map(drop))?;
    while !fields.is_at_end() {
        fields.align(8);
        let code = fields.byte()?;
        match (code, fields.signature()?) {
            (MEMBER, "s") => fields.text()?.clone_into(&mut received.member),
            (ERROR_NAME, "s") => fields.text()?.clone_into(&mut received.error),
            (REPLY_SERIAL, "u") => received.reply_to = Some(fields.number()?),
            (SIGNATURE, "g") => fields.signature()?.clone_into(&mut received.signature),
            (_, "s" | "o") => drop(fields.text()?),
            (_, "u") => drop(fields.number()?),
            (_, "g") => drop(fields.signature()?),
            _ => return None,
        }
    }
    Some(received)
}

#[cfg(test)]
mod tests {
    use super::*;

    const OBJECT: Object = Object { destination: "a.b", path: "/c", interface: "a.d" };

    fn split(bytes: &[u8]) -> Option<Received> {
        let (fields, body) = rest(bytes.get(..FIXED)?.try_into().ok()?)?;
        let header = bytes.get(..FIXED + fields)?;
        parse(header, bytes.get(FIXED + fields..FIXED + fields + body)?.to_vec())
    }

    #[test]
    fn a_call_is_read_as_it_was_written() {
        for signature in ["", "s", "ssa(sv)a(sa(sv))"] {
            let bytes = call(&OBJECT, "Do", signature, b"body", 7);
            assert_eq!((bytes.len() - 4) % 8, 0, "a body begins at a multiple of 8");
            let expected = Received {
                kind: CALL,
                member: "Do".to_owned(),
                signature: signature.to_owned(),
                body: b"body".to_vec(),
                ..Received::default()
            };
            assert_eq!(split(&bytes), Some(expected));
        }
    }

    #[test]
    fn what_is_cut_or_changed_is_no_message_or_another_one_and_ends_nothing() {
        let bytes = call(&OBJECT, "Do", "s", b"", 7);
        assert!((0..bytes.len() - 8).all(|end| split(&bytes[..end]).is_none()));
        for at in 0..bytes.len() {
            for value in [0, 1, 0x7f, 0xff] {
                let mut changed = bytes.clone();
                changed[at] = value;
                // Whatever it is taken for.
                let _ = split(&changed);
            }
        }
        let mut endless = bytes;
        endless[4..8].copy_from_slice(&[0xff; 4]);
        assert_eq!(split(&endless), None);
    }
}
