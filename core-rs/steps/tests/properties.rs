//! What comes over the sockets between masu's processes: whole, or refused; and never a wait or a fall.

#![allow(clippy::unwrap_used, missing_docs, reason = "a test")]

use masu_steps::monitor_protocol::{MonitorAnswer, MonitorRequest, frame};
use masu_steps::stage_protocol::{StageMessage, StageOrder, receive, send};
use masu_steps::tree_protocol::{TreeOrder, TreeWord};
use masu_sys::errno::values::{EBADMSG, EPIPE};
use masu_sys::socket;
use masu_wire::error::{CoreError, ErrorCode};
use proptest::collection::vec;
use proptest::prelude::*;
use serde::de::DeserializeOwned;
use std::os::fd::AsFd;

/// Reads until the stream ends or breaks. No message is longer than what was sent.
fn drain<T: DeserializeOwned>(bytes: &[u8]) -> Result<(), TestCaseError> {
    let (ours, theirs) = socket::stream_pair().unwrap();
    socket::send_all(ours.as_fd(), bytes, b"", &[]).unwrap();
    drop(ours);
    loop {
        match receive::<T>(theirs.as_fd()) {
            Ok(Some(_)) => {}
            Ok(None) => return Ok(()),
            Err(error) => {
                prop_assert!(error.errno == EBADMSG || error.errno == EPIPE, "{error:?}");
                return Ok(());
            }
        }
    }
}

/// Frames with a right length around JSON that is nearly a message.
fn nearly() -> impl Strategy<Value = Vec<u8>> {
    let kind = prop_oneof![
        Just("enter"),
        Just("start"),
        Just("watched"),
        Just("entered"),
        Just("terminal"),
        Just("failed"),
        Just("stop"),
        Just("signal"),
        Just("wait"),
        Just("attach"),
        Just("ended"),
        Just("unshare"),
        Just("work"),
        Just("done")
    ];
    let field = prop_oneof![Just("pid"), Just("signal"), Just("error"), Just("rows"), Just("timeoutMs"), Just("job")];
    let value = prop_oneof![
        any::<i64>().prop_map(|number| number.to_string()),
        Just("null".to_owned()),
        Just("{}".to_owned()),
        Just("[".repeat(200)),
        any::<String>().prop_map(|text| serde_json::to_string(&text).unwrap()),
    ];
    (kind, vec((field, value), 0..4), any::<bool>()).prop_map(|(kind, fields, whole)| {
        let fields: String = fields.iter().map(|(name, value)| format!(",\"{name}\":{value}")).collect();
        let body = format!("{{\"kind\":\"{kind}\"{fields}{}", if whole { "}" } else { "" });
        [&u32::try_from(body.len()).unwrap().to_le_bytes(), body.as_bytes()].concat()
    })
}

proptest! {
    #[test]
    fn receive_takes_or_refuses_any_bytes(bytes in vec(any::<u8>(), 0..64), frames in vec(nearly(), 0..3)) {
        let all = [frames.concat(), bytes].concat();
        drain::<StageOrder>(&all)?;
        drain::<StageMessage>(&all)?;
        drain::<MonitorRequest>(&all)?;
        drain::<MonitorAnswer>(&all)?;
        drain::<TreeOrder>(&all)?;
        drain::<TreeWord>(&all)?;
    }

    #[test]
    fn receive_gives_back_any_failure(message in any::<String>(), hint in proptest::option::of(any::<String>())) {
        let mut error = CoreError::new(ErrorCode::Failed, message);
        error.hint = hint;
        let (ours, theirs) = socket::stream_pair().unwrap();
        send(ours.as_fd(), &StageMessage::Failed { error: Box::new(error.clone()) }, &[]).unwrap();
        let received = receive::<StageMessage>(theirs.as_fd()).unwrap().unwrap().message;
        let StageMessage::Failed { error: received } = received else { return Err(TestCaseError::fail("another message")) };
        prop_assert_eq!(serde_json::to_value(&*received).unwrap(), serde_json::to_value(&error).unwrap());
    }

    #[test]
    fn frame_parse_reads_what_header_wrote(kind in any::<u8>(), length in 0..=frame::MAX_LENGTH) {
        prop_assert_eq!(frame::parse(frame::header(kind, length as usize)), (kind, length));
    }
}
