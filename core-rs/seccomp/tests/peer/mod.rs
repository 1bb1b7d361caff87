//! The same profile through libseccomp and runc's prefix, loaded from the system where it is there.

#![allow(unsafe_code, reason = "libseccomp is C")]

use std::ffi::{CString, c_char, c_int, c_void};
use std::io::{Read, Seek};
use std::os::fd::{AsRawFd, FromRawFd};

use masu_seccomp::{Instruction, X32_BIT, verdict as ret};
use serde_json::Value;

use crate::interpreter::{Call, verdict};

/// seccomp.h, `struct scmp_arg_cmp`.
#[repr(C)]
#[derive(Clone, Copy)]
struct Comparison {
    argument: u32,
    operator: u32,
    first: u64,
    second: u64,
}

/// seccomp.h, `SCMP_FLTATR_CTL_OPTIMIZE`.
const OPTIMIZE: c_int = 8;

type Context = *mut c_void;

/// libseccomp.so.2.
pub struct Libseccomp {
    init: unsafe extern "C" fn(u32) -> Context,
    release: unsafe extern "C" fn(Context),
    arch_add: unsafe extern "C" fn(Context, u32) -> c_int,
    arch_remove: unsafe extern "C" fn(Context, u32) -> c_int,
    rule_add: unsafe extern "C" fn(Context, u32, c_int, u32, *const Comparison) -> c_int,
    attr_set: unsafe extern "C" fn(Context, c_int, u32) -> c_int,
    export: unsafe extern "C" fn(Context, c_int) -> c_int,
    resolve: unsafe extern "C" fn(*const c_char) -> c_int,
    resolve_for: unsafe extern "C" fn(u32, *const c_char) -> c_int,
}

/// seccomp.h, `__NR_SCMP_ERROR`.
const UNKNOWN: c_int = -1;

/// seccomp.h, `SCMP_ARCH_*`: an architecture of its own for x32.
pub const TOKENS: [(&str, u32, u32); 5] = [
    ("SCMP_ARCH_X86_64", 0xc000_003e, 0xc000_003e),
    ("SCMP_ARCH_X32", 0x4000_003e, 0xc000_003e),
    ("SCMP_ARCH_X86", 0x4000_0003, 0x4000_0003),
    ("SCMP_ARCH_AARCH64", 0xc000_00b7, 0xc000_00b7),
    ("SCMP_ARCH_ARM", 0x4000_0028, 0x4000_0028),
];

pub fn token(name: &str) -> (u32, u32) {
    TOKENS.iter().find(|(known, ..)| *known == name).map(|(_, token, audit)| (*token, *audit)).unwrap()
}

impl Libseccomp {
    /// None where the library is not installed.
    pub fn load() -> Option<Self> {
        // SAFETY: dlopen and dlsym read NUL-ended literals; the functions have the types of seccomp.h.
        unsafe {
            let library = libc::dlopen(c"libseccomp.so.2".as_ptr(), libc::RTLD_NOW);
            if library.is_null() {
                return None;
            }
            let symbol = |name: &std::ffi::CStr| {
                let address = libc::dlsym(library, name.as_ptr());
                assert!(!address.is_null(), "libseccomp lacks {name:?}");
                address
            };
            Some(Self {
                init: std::mem::transmute::<*mut c_void, unsafe extern "C" fn(u32) -> Context>(symbol(c"seccomp_init")),
                release: std::mem::transmute::<*mut c_void, unsafe extern "C" fn(Context)>(symbol(c"seccomp_release")),
                arch_add: std::mem::transmute::<*mut c_void, unsafe extern "C" fn(Context, u32) -> c_int>(symbol(
                    c"seccomp_arch_add",
                )),
                arch_remove: std::mem::transmute::<*mut c_void, unsafe extern "C" fn(Context, u32) -> c_int>(symbol(
                    c"seccomp_arch_remove",
                )),
                rule_add: std::mem::transmute::<
                    *mut c_void,
                    unsafe extern "C" fn(Context, u32, c_int, u32, *const Comparison) -> c_int,
                >(symbol(c"seccomp_rule_add_array")),
                attr_set: std::mem::transmute::<*mut c_void, unsafe extern "C" fn(Context, c_int, u32) -> c_int>(
                    symbol(c"seccomp_attr_set"),
                ),
                export: std::mem::transmute::<*mut c_void, unsafe extern "C" fn(Context, c_int) -> c_int>(symbol(
                    c"seccomp_export_bpf",
                )),
                resolve: std::mem::transmute::<*mut c_void, unsafe extern "C" fn(*const c_char) -> c_int>(symbol(
                    c"seccomp_syscall_resolve_name",
                )),
                resolve_for: std::mem::transmute::<*mut c_void, unsafe extern "C" fn(u32, *const c_char) -> c_int>(
                    symbol(c"seccomp_syscall_resolve_name_arch"),
                ),
            })
        }
    }

    /// Number on the machine that the library was built for: negative where the call is another architecture's, none where it is unknown.
    fn native(&self, name: &str) -> Option<c_int> {
        let name = CString::new(name).unwrap();
        // SAFETY: the name ends in NUL.
        Some(unsafe { (self.resolve)(name.as_ptr()) }).filter(|number| *number != UNKNOWN)
    }

    pub fn knows(&self, name: &str) -> bool {
        self.native(name).is_some()
    }

    /// Number on an architecture. 32-bit x86 has a negative one for what can also go through socketcall(2) or ipc(2):
    /// then the kernel's own, or that of the multiplexer where there is none.
    pub fn number(&self, architecture: &str, name: &str) -> Option<u32> {
        let c_name = CString::new(name).unwrap();
        // SAFETY: the name ends in NUL.
        let number = unsafe { (self.resolve_for)(token(architecture).0, c_name.as_ptr()) };
        let multiplexer = match number {
            -120..=-100 => 102,
            -224..=-200 => 117,
            _ => return u32::try_from(number).ok(),
        };
        masu_seccomp::number(name, masu_seccomp::Abi::X86).or(Some(multiplexer))
    }

    /// libseccomp's filter of a profile, by the steps of runc's `InitSeccomp()`. The first architecture is the machine's.
    pub fn filter(&self, profile: &Value, architectures: &[&str]) -> Result<Vec<Instruction>, String> {
        let default = action(&profile["defaultAction"], &profile["defaultErrnoRet"]);
        // SAFETY: the context lives until release; pointers outlive the calls that read them.
        unsafe {
            let context = (self.init)(default);
            assert!(!context.is_null(), "seccomp_init({default:#x})");
            let result = self.fill(context, profile, architectures, default).and_then(|()| self.exported(context));
            (self.release)(context);
            result
        }
    }

    unsafe fn fill(
        &self,
        context: Context,
        profile: &Value,
        architectures: &[&str],
        default: u32,
    ) -> Result<(), String> {
        // SAFETY: as in filter().
        unsafe {
            if architectures[0] == "SCMP_ARCH_AARCH64" {
                assert_eq!((self.arch_add)(context, token("SCMP_ARCH_AARCH64").0), 0);
                assert_eq!((self.arch_remove)(context, token("SCMP_ARCH_X86_64").0), 0);
            }
            for name in &architectures[1..] {
                assert_eq!((self.arch_add)(context, token(name).0), 0, "{name}");
            }
            if profile["syscalls"].as_array().is_some_and(|rules| !rules.is_empty()) {
                assert_eq!((self.attr_set)(context, OPTIMIZE, 2), 0);
            }
            for rule in profile["syscalls"].as_array().into_iter().flatten() {
                let action = action(&rule["action"], &rule["errnoRet"]);
                let comparisons: Vec<Comparison> =
                    rule["args"].as_array().into_iter().flatten().map(comparison).collect();
                let repeated = (0..6).any(|index| comparisons.iter().filter(|one| one.argument == index).count() > 1);
                let chains: Vec<&[Comparison]> =
                    if repeated { comparisons.chunks(1).collect() } else { vec![&comparisons] };
                for name in
                    rule["names"].as_array().unwrap().iter().filter_map(|name| self.native(name.as_str().unwrap()))
                {
                    for chain in chains.iter().filter(|_| action != default) {
                        let code =
                            (self.rule_add)(context, action, name, u32::try_from(chain.len()).unwrap(), chain.as_ptr());
                        if code != 0 {
                            return Err(format!("{code} from seccomp_rule_add_array for {rule}"));
                        }
                    }
                }
            }
            Ok(())
        }
    }

    unsafe fn exported(&self, context: Context) -> Result<Vec<Instruction>, String> {
        // SAFETY: a literal name; the descriptor is new and owned by the file.
        let mut file = unsafe { std::fs::File::from_raw_fd(libc::memfd_create(c"filter".as_ptr(), libc::MFD_CLOEXEC)) };
        // SAFETY: as in filter().
        let code = unsafe { (self.export)(context, file.as_raw_fd()) };
        if code != 0 {
            return Err(format!("{code} from seccomp_export_bpf"));
        }
        let mut bytes = Vec::new();
        file.rewind().and_then(|()| file.read_to_end(&mut bytes)).map_err(|error| error.to_string())?;
        let instruction = |bytes: &[u8]| Instruction {
            code: u16::from_ne_bytes([bytes[0], bytes[1]]),
            jt: bytes[2],
            jf: bytes[3],
            k: u32::from_ne_bytes([bytes[4], bytes[5], bytes[6], bytes[7]]),
        };
        Ok(bytes.chunks_exact(8).map(instruction).collect())
    }
}

/// runc and libseccomp together.
pub struct Runc<'a> {
    filter: Vec<Instruction>,
    /// For each listed architecture, the largest number that the profile names.
    largest: Vec<(&'a str, u32)>,
    /// Arm's private calls that the profile names, which masu leaves out of that.
    private: Vec<u32>,
    hides_newer: bool,
}

impl<'a> Runc<'a> {
    /// What runc would load. The profile's architectures are `architectures`, the machine's own first.
    pub fn new(library: &Libseccomp, profile: &Value, architectures: &[&'a str]) -> Result<Self, String> {
        let filter = library.filter(profile, architectures)?;
        let names =
            || profile["syscalls"].as_array().into_iter().flatten().flat_map(|rule| rule["names"].as_array().unwrap());
        let largest = architectures.iter().filter_map(|name| {
            let numbers = names().filter_map(|call| library.number(name, call.as_str().unwrap()));
            let public = numbers.filter(|number| !is_private(*number));
            Some((*name, public.max().filter(|number| *number != 0)?))
        });
        let largest = largest.collect();
        let private = names()
            .filter_map(|call| library.number("SCMP_ARCH_ARM", call.as_str().unwrap()))
            .filter(|number| is_private(*number))
            .collect();
        let lenient =
            ["SCMP_ACT_ALLOW", "SCMP_ACT_LOG", "SCMP_ACT_TRACE"].contains(&profile["defaultAction"].as_str().unwrap());
        Ok(Self { filter, largest, private, hides_newer: !lenient })
    }

    /// runc, `generateEnosysStub()`, then libseccomp's filter.
    pub fn verdict(&self, call: &Call) -> u32 {
        let named = call.architecture == token("SCMP_ARCH_ARM").1 && self.private.contains(&call.number);
        let newer = self.largest.iter().any(|(name, largest)| {
            let mode = match *name {
                "SCMP_ARCH_X86_64" => call.number & X32_BIT == 0,
                "SCMP_ARCH_X32" => call.number & X32_BIT != 0,
                _ => true,
            };
            call.architecture == token(name).1 && mode && call.number > *largest
        });
        if self.hides_newer && newer && !named { ret::NO_SUCH_CALL } else { verdict(&self.filter, call) }
    }
}

fn is_private(number: u32) -> bool {
    number & X32_BIT == 0 && number >= 0xf_0000
}

fn action(name: &Value, errno: &Value) -> u32 {
    let errno = u32::try_from(errno.as_u64().unwrap_or(1)).unwrap();
    match name.as_str().unwrap() {
        "SCMP_ACT_KILL" | "SCMP_ACT_KILL_THREAD" => ret::KILL_THREAD,
        "SCMP_ACT_KILL_PROCESS" => ret::KILL_PROCESS,
        "SCMP_ACT_TRAP" => ret::TRAP,
        "SCMP_ACT_ERRNO" => ret::ERRNO | errno,
        "SCMP_ACT_TRACE" => ret::TRACE | errno,
        "SCMP_ACT_LOG" => ret::LOG,
        "SCMP_ACT_ALLOW" => ret::ALLOW,
        other => panic!("{other}"),
    }
}

fn comparison(argument: &Value) -> Comparison {
    let operators = ["NE", "LT", "LE", "EQ", "GE", "GT", "MASKED_EQ"];
    let operator = argument["op"].as_str().unwrap().strip_prefix("SCMP_CMP_").unwrap();
    Comparison {
        argument: u32::try_from(argument["index"].as_u64().unwrap()).unwrap(),
        operator: u32::try_from(operators.iter().position(|known| *known == operator).unwrap()).unwrap() + 1,
        first: argument["value"].as_u64().unwrap(),
        second: argument["valueTwo"].as_u64().unwrap_or(0),
    }
}
