//! Values in D-Bus's wire format, in this machine's byte order. D-Bus Specification, "Marshaling (Wire Format)"

use masu_wire::error::{CoreError, ErrorCode};
use masu_wire::plan::{UnitProperty, UnitValue};

/// Appends values, each at a multiple of its alignment.
#[derive(Default)]
pub(super) struct Writer {
    bytes: Vec<u8>,
}

impl Writer {
    /// What was written.
    pub(super) fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }

    /// Zero bytes up to a multiple of `alignment`.
    pub(super) fn align(&mut self, alignment: usize) {
        self.bytes.resize(self.bytes.len().next_multiple_of(alignment), 0);
    }

    /// `y`
    pub(super) fn byte(&mut self, value: u8) {
        self.bytes.push(value);
    }

    /// `u`
    pub(super) fn number(&mut self, value: u32) {
        self.aligned(value.to_ne_bytes());
    }

    /// A number of this size, at a multiple of it.
    fn aligned<const SIZE: usize>(&mut self, bytes: [u8; SIZE]) {
        self.align(SIZE);
        self.bytes.extend(bytes);
    }

    /// `b`
    pub(super) fn boolean(&mut self, value: bool) {
        self.number(u32::from(value));
    }

    /// `t`
    fn long(&mut self, value: u64) {
        self.aligned(value.to_ne_bytes());
    }

    /// `s`, `o`
    pub(super) fn text(&mut self, value: &str) {
        self.number(u32::try_from(value.len()).unwrap_or(u32::MAX));
        self.bytes.extend(value.as_bytes());
        self.byte(0);
    }

    /// `g`
    pub(super) fn signature(&mut self, value: &str) {
        self.byte(u8::try_from(value.len()).unwrap_or(u8::MAX));
        self.bytes.extend(value.as_bytes());
        self.byte(0);
    }

    /// `a...` of elements with this alignment: its length does not count what aligns the first one.
    pub(super) fn array<E>(
        &mut self,
        alignment: usize,
        elements: impl FnOnce(&mut Self) -> Result<(), E>,
    ) -> Result<(), E> {
        self.number(0);
        let length_at = self.bytes.len() - 4;
        self.align(alignment);
        let start = self.bytes.len();
        elements(self)?;
        let length = u32::try_from(self.bytes.len() - start).unwrap_or(u32::MAX);
        if let Some(place) = self.bytes.get_mut(length_at..length_at + 4) {
            place.copy_from_slice(&length.to_ne_bytes());
        }
        Ok(())
    }

    /// `a(sv)` of a unit's properties. Errors: `invalid_config` digits that are none, or a NUL, which D-Bus has in no text.
    pub(super) fn properties(&mut self, properties: &[UnitProperty]) -> Result<(), CoreError> {
        self.array(8, |out| {
            properties.iter().try_for_each(|UnitProperty { name, value, .. }| {
                out.align(8);
                out.text(name);
                out.signature(signature(value));
                out.value(value).map_err(|wrong| {
                    CoreError::new(ErrorCode::InvalidConfig, format!("Set property {name:?} of a unit: {wrong}"))
                })
            })
        })
    }

    fn value(&mut self, value: &UnitValue) -> Result<(), String> {
        match value {
            UnitValue::Boolean(value) => self.boolean(*value),
            UnitValue::Unsigned(digits) => self.long(parsed(digits)?),
            UnitValue::Unsigned32(value) => self.number(*value),
            UnitValue::Signed(digits) => self.aligned(parsed::<i64>(digits)?.to_ne_bytes()),
            UnitValue::Signed32(value) => self.aligned(value.to_ne_bytes()),
            UnitValue::Text(text) => self.text(plain(text)?),
            UnitValue::Texts(texts) => self.each(texts, 4, |out, text| plain(text).map(|text| out.text(text)))?,
            UnitValue::Bytes(bytes) => self.each(bytes, 1, |out, byte| {
                out.byte(*byte);
                Ok(())
            })?,
            UnitValue::Numbers(numbers) => {
                self.each(numbers, 4, |out, digits| parsed(digits).map(|number| out.number(number)))?;
            }
            UnitValue::Pairs(pairs) => self.each(pairs, 8, |out, (first, second)| {
                out.align(8);
                out.text(plain(first)?);
                plain(second).map(|text| out.text(text))
            })?,
            UnitValue::Rates(rates) => self.each(rates, 8, |out, (path, digits)| {
                out.align(8);
                out.text(plain(path)?);
                parsed(digits).map(|rate| out.long(rate))
            })?,
        }
        Ok(())
    }

    fn each<T>(
        &mut self,
        elements: &[T],
        alignment: usize,
        write: impl Fn(&mut Self, &T) -> Result<(), String>,
    ) -> Result<(), String> {
        self.array(alignment, |out| elements.iter().try_for_each(|element| write(out, element)))
    }
}

const fn signature(value: &UnitValue) -> &'static str {
    match value {
        UnitValue::Boolean(_) => "b",
        UnitValue::Unsigned(_) => "t",
        UnitValue::Unsigned32(_) => "u",
        UnitValue::Signed(_) => "x",
        UnitValue::Signed32(_) => "i",
        UnitValue::Text(_) => "s",
        UnitValue::Texts(_) => "as",
        UnitValue::Bytes(_) => "ay",
        UnitValue::Numbers(_) => "au",
        UnitValue::Pairs(_) => "a(ss)",
        UnitValue::Rates(_) => "a(st)",
    }
}

fn parsed<T: std::str::FromStr>(digits: &str) -> Result<T, String> {
    digits.parse().map_err(|_| format!("{digits:?} is no number of its type"))
}

fn plain(text: &str) -> Result<&str, String> {
    if text.contains('\0') { Err(format!("{text:?} has a NUL in it")) } else { Ok(text) }
}

/// Takes values off a message. Every method returns none where the bytes end too early or are not what they must be.
pub(super) struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    /// From the first byte of a message or of a body, both of which begin at a multiple of every alignment.
    pub(super) const fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0 }
    }

    /// Nothing is left.
    pub(super) const fn is_at_end(&self) -> bool {
        self.at >= self.bytes.len()
    }

    /// Skips to a multiple of `alignment`.
    pub(super) const fn align(&mut self, alignment: usize) {
        self.at = self.at.next_multiple_of(alignment);
    }

    fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let end = self.at.checked_add(count)?;
        let taken = self.bytes.get(self.at..end)?;
        self.at = end;
        Some(taken)
    }

    /// `y`
    pub(super) fn byte(&mut self) -> Option<u8> {
        self.take(1)?.first().copied()
    }

    /// `u`
    pub(super) fn number(&mut self) -> Option<u32> {
        self.align(4);
        Some(u32::from_ne_bytes(self.take(4)?.try_into().ok()?))
    }

    /// `s`, `o`
    pub(super) fn text(&mut self) -> Option<&'a str> {
        let length = self.number()?;
        self.ended(usize::try_from(length).ok()?)
    }

    /// `g`
    pub(super) fn signature(&mut self) -> Option<&'a str> {
        let length = self.byte()?;
        self.ended(length.into())
    }

    fn ended(&mut self, length: usize) -> Option<&'a str> {
        let text = std::str::from_utf8(self.take(length)?).ok()?;
        (self.byte()? == 0).then_some(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(value: UnitValue) -> Result<Vec<u8>, CoreError> {
        let mut writer = Writer::default();
        writer.properties(&[UnitProperty { name: "N".to_owned(), value, since: None }])?;
        Ok(writer.into_bytes())
    }

    /// Length of the array, name with its length, signature of the value with its length.
    fn head(length: u8, signature: &[u8]) -> Vec<u8> {
        let mut bytes = vec![length, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, b'N', 0, u8::try_from(signature.len()).unwrap()];
        bytes.extend(signature);
        bytes.push(0);
        bytes
    }

    #[test]
    #[cfg(target_endian = "little")]
    fn properties_are_aligned_by_their_types() {
        let text = |text: &str| text.to_owned();
        let cases: [(UnitValue, &[u8], &[u8]); 8] = [
            (UnitValue::Boolean(true), b"b", &[1, 0, 0, 0]),
            (UnitValue::Unsigned(text("18446744073709551615")), b"t", &[255; 8]),
            (UnitValue::Signed32(-2), b"i", &[254, 255, 255, 255]),
            (UnitValue::Text(text("ab")), b"s", &[2, 0, 0, 0, b'a', b'b', 0]),
            (UnitValue::Bytes(vec![3, 1]), b"ay", &[2, 0, 0, 0, 3, 1]),
            (UnitValue::Numbers(vec![text("7")]), b"au", &[4, 0, 0, 0, 7, 0, 0, 0]),
            (UnitValue::Texts(vec![text("x")]), b"as", &[6, 0, 0, 0, 1, 0, 0, 0, b'x', 0]),
            (
                UnitValue::Rates(vec![(text("/"), text("5"))]),
                b"a(st)",
                &[16, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, b'/', 0, 0, 0, 5, 0, 0, 0, 0, 0, 0, 0],
            ),
        ];
        for (value, signature, tail) in cases {
            let bytes = written(value.clone()).unwrap();
            let start = head(u8::try_from(bytes.len() - 8).unwrap(), signature);
            let alignment = if matches!(value, UnitValue::Unsigned(_)) { 8 } else { 4 };
            let padding = vec![0; start.len().next_multiple_of(alignment) - start.len()];
            assert_eq!(bytes, [&start, &*padding, tail].concat(), "{value:?}");
        }
    }

    #[test]
    fn properties_refuse_what_is_no_number_and_nul() {
        assert!(written(UnitValue::Unsigned("-1".to_owned())).unwrap_err().message.contains("\"-1\" is no number"));
        assert_eq!(written(UnitValue::Text("a\0b".to_owned())).unwrap_err().code, ErrorCode::InvalidConfig);
    }

    #[test]
    fn a_reader_takes_what_a_writer_wrote_and_no_more() {
        let mut writer = Writer::default();
        writer.byte(9);
        writer.number(70_000);
        writer.text("unit");
        writer.signature("a(sv)");
        let bytes = writer.into_bytes();
        let mut reader = Reader::new(&bytes);
        assert_eq!((reader.byte(), reader.number(), reader.text()), (Some(9), Some(70_000), Some("unit")));
        assert_eq!((reader.signature(), reader.is_at_end(), reader.number()), (Some("a(sv)"), true, None));
        for end in 0..bytes.len() {
            let mut reader = Reader::new(&bytes[..end]);
            let read = (reader.byte(), reader.number(), reader.text(), reader.signature());
            assert!(read.3.is_none(), "cut at {end}: {read:?}");
        }
    }
}
