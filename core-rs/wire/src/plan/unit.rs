//! A unit of systemd's that holds a container's cgroup. org.freedesktop.systemd1(5)

use serde::{Deserialize, Serialize};

use crate::wire_type;

wire_type! {
    /// One property of a transient unit, by systemd's name for it.
    #[derive(PartialEq)]
    pub struct UnitProperty {
        /// `MemoryMax` and so on.
        pub name: String,
        /// Its value.
        pub value: UnitValue,
        /// The first version of systemd that knows it: for one before it is left out.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[cfg_attr(feature = "typescript", ts(optional))]
        pub since: Option<u32>,
    }
}

wire_type! {
    /// A value with its D-Bus type.
    #[serde(tag = "type", content = "value")]
    #[derive(PartialEq)]
    pub enum UnitValue {
        /// `b`
        Boolean(bool),
        /// `t`; decimal digits, since JSON readers round: 18446744073709551615 is infinity.
        Unsigned(String),
        /// `u`
        Unsigned32(u32),
        /// `x`; decimal digits, as above.
        Signed(String),
        /// `i`
        Signed32(i32),
        /// `s`
        Text(String),
        /// `as`
        Texts(Vec<String>),
        /// `ay`
        Bytes(Vec<u8>),
        /// `au`
        Numbers(Vec<String>),
        /// `a(ss)`: `DeviceAllow`.
        Pairs(Vec<(String, String)>),
        /// `a(st)`: `IOReadBandwidthMax` and its kin; numbers as decimal digits.
        Rates(Vec<(String, String)>),
    }
}
