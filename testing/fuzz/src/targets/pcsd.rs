//! What strangers say to pcsd.

use pcsd_api::{
    Answer, Call, Destination, FrameError, MAX_FRAME_BYTES, MAX_GREETING_BYTES, decode, encode,
    length,
};

/// Frames are read or refused on both sides; what is read goes back to the same bytes' meaning.
pub fn frames(bytes: &[u8]) {
    let Some((header, content)) = bytes.split_first_chunk() else {
        return;
    };
    match length(*header, MAX_GREETING_BYTES) {
        Ok(len) => assert!(len <= MAX_GREETING_BYTES),
        Err(error) => assert!(matches!(error, FrameError::TooLong { .. })),
    }
    if let Ok(call) = decode::<Call>(content) {
        let written = encode(&call).expect("it is not longer than a frame");
        assert!(written.len() - header.len() <= MAX_FRAME_BYTES);
        let again: Call = decode(&written[header.len()..]).expect("it was written just now");
        assert_eq!(again, call);
    }
    if let Ok(answer) = decode::<Answer>(content) {
        assert!(encode(&answer).is_ok());
    }
}

/// An address is taken with a port, or refused.
pub fn address(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    if let Ok(place) = Destination::parse(&text) {
        assert!(place.port > 0);
    }
}
