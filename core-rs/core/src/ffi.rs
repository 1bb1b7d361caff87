//! The three symbols that Deno sees. The only unsafe of this crate.
#![allow(unsafe_code)]

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};

use masu_wire::error::{CoreError, ErrorCode};
use masu_wire::request::OPS;

use crate::dispatch::dispatch;

/// Where a reply is handed over: `lib/core/call.ts` reads two 64-bit numbers.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct Slot {
    /// Address of the first byte.
    address: u64,
    /// How many bytes.
    length: u64,
}

impl Slot {
    /// Gives the bytes to the caller, until [`masu_free`].
    fn hand_over(body: Vec<u8>) -> Self {
        let bytes = Box::leak(body.into_boxed_slice());
        Self { address: bytes.as_mut_ptr() as u64, length: bytes.len() as u64 }
    }
}

/// The number that `lib/core/symbols.ts` must have too.
#[unsafe(no_mangle)]
pub extern "C" fn masu_abi_version() -> u32 {
    masu_wire::ABI_VERSION
}

/// Runs one op: 0 with a reply, or -1 with an error document, both UTF-8 JSON.
///
/// The bytes in `slot` belong to the caller until one [`masu_free`].
///
/// # Safety
/// `request` has `length` readable bytes (or `length` is 0) and `slot` is one writable [`Slot`];
/// nobody else touches either until this returns. `lib/core/call.ts` is the only caller.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn masu_call(op: u32, request: *const u8, length: usize, slot: *mut Slot) -> i32 {
    // SAFETY: the caller promises `length` readable bytes for the length of this call.
    let request = unsafe { borrow_bytes(request, length) };
    // A panic must not cross the C boundary: it would abort the whole Deno process.
    let outcome = catch_unwind(AssertUnwindSafe(|| dispatch(op, request)))
        .unwrap_or_else(|panic| Err(panicked(op, panic.as_ref())));
    let (status, body) = match outcome {
        Ok(body) => (0, body),
        Err(error) => (-1, to_wire(&error)),
    };
    // SAFETY: the caller promises one writable Slot.
    unsafe { slot.write(Slot::hand_over(body)) };
    status
}

/// Takes back the bytes of one reply.
///
/// # Safety
/// `address` and `length` are those of a [`Slot`] that [`masu_call`] filled, and are not used again.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn masu_free(address: *mut u8, length: usize) {
    if address.is_null() {
        return;
    }
    let bytes = std::ptr::slice_from_raw_parts_mut(address, length);
    // SAFETY: the caller promises that these are the address and length of a leaked boxed slice, given back once.
    drop(unsafe { Box::from_raw(bytes) });
}

/// # Safety
/// `start` has `length` readable bytes that nobody writes to while the slice lives, or `length` is 0.
unsafe fn borrow_bytes<'a>(start: *const u8, length: usize) -> &'a [u8] {
    if length == 0 || start.is_null() {
        return &[];
    }
    // SAFETY: not null, and the caller promises the bytes.
    unsafe { std::slice::from_raw_parts(start, length) }
}

fn to_wire(error: &CoreError) -> Vec<u8> {
    serde_json::to_vec(error)
        .unwrap_or_else(|_| br#"{"code":"bug","message":"An error could not be written as JSON"}"#.to_vec())
}

fn panicked(op: u32, panic: &(dyn Any + Send)) -> CoreError {
    let text = panic
        .downcast_ref::<&str>()
        .map(|text| (*text).to_owned())
        .or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "no message".to_owned());
    let name = usize::try_from(op).ok().and_then(|op| OPS.get(op)).copied().unwrap_or("unknown");
    CoreError::new(ErrorCode::Bug, format!("Run op {name:?} of the core: panic: {}", text.replace('\n', " ")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value;

    /// Calls as Deno does and gives the reply back.
    fn call(op: u32, request: &[u8]) -> (i32, Value) {
        let mut slot = Slot { address: 0, length: 0 };
        // SAFETY: a slice and a local slot, used by nobody else.
        let status = unsafe { masu_call(op, request.as_ptr(), request.len(), &raw mut slot) };
        let length = usize::try_from(slot.length).unwrap();
        // SAFETY: the slot was filled by masu_call.
        let value = serde_json::from_slice(unsafe { borrow_bytes(slot.address as *const u8, length) }).unwrap();
        // SAFETY: given back once.
        unsafe { masu_free(slot.address as *mut u8, length) };
        (status, value)
    }

    #[test]
    fn masu_call_answers_process_with_this_process() {
        let (status, reply) = call(1, b"{}");
        assert_eq!(status, 0, "{reply}");
        assert_eq!(reply["pid"], std::process::id());
    }

    #[test]
    fn masu_call_names_an_op_that_there_is_not() {
        let (status, error) = call(4711, b"{}");
        assert_eq!((status, &error["code"]), (-1, &Value::from("bug")), "{error}");
        assert!(error["message"].as_str().unwrap().contains("4711"), "{error}");
    }

    #[test]
    fn masu_call_names_the_mistake_in_a_request() {
        let (status, error) = call(0, br#"{"looks": [{"pfad": "/"}]}"#);
        assert_eq!((status, &error["code"]), (-1, &Value::from("bug")), "{error}");
        assert!(error["message"].as_str().unwrap().contains("pfad"), "{error}");
    }

    #[test]
    fn panicked_carries_the_panic_message_on_one_line() {
        let panic = std::panic::catch_unwind(|| std::panic::panic_any("two\nlines".to_owned())).unwrap_err();
        let error = panicked(2, panic.as_ref());
        assert_eq!(error.message, "Run op \"launch\" of the core: panic: two lines");
        assert_eq!(error.code, ErrorCode::Bug);
    }
}
