//! When and where this process runs: scheduler, I/O priority, CPUs, memory nodes, execution domain. sched(7)
#![allow(unsafe_code)]

use crate::error::{Result, check};

/// SCHED_DEADLINE of sched(7).
pub const DEADLINE: u32 = 6;
/// SCHED_FLAG_RESET_ON_FORK of sched_setattr(2).
pub const RESET_ON_FORK: u64 = 1;

/// `struct sched_attr` of linux/sched/types.h, as of Linux 3.14.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Attributes {
    /// Bytes; [`set_scheduler`] fills it in.
    pub size: u32,
    /// SCHED_*.
    pub policy: u32,
    /// SCHED_FLAG_* bits.
    pub flags: u64,
    /// -20 to 19, of SCHED_OTHER and SCHED_BATCH.
    pub nice: i32,
    /// 1 to 99, of SCHED_FIFO and SCHED_RR.
    pub priority: u32,
    /// Nanoseconds, of SCHED_DEADLINE.
    pub runtime: u64,
    /// Nanoseconds.
    pub deadline: u64,
    /// Nanoseconds.
    pub period: u64,
}

/// sched_setattr(2) of this thread.
///
/// Errors: EPERM a real-time policy or a lower nice value needs CAP_SYS_NICE in the initial user namespace, and v1 cgroups real-time
/// runtime; EBUSY not enough time for SCHED_DEADLINE; EINVAL values that do not belong to the policy; E2BIG flags of a newer kernel.
pub fn set_scheduler(attributes: &Attributes) -> Result<()> {
    let attributes = Attributes { size: SIZE, ..*attributes };
    // SAFETY: sched_setattr reads as many bytes as the structure says that it has, and it lives until the call returns.
    check("sched_setattr", unsafe { libc::syscall(libc::SYS_sched_setattr, 0, &raw const attributes, 0) }).map(drop)
}

/// SCHED_ATTR_SIZE_VER0
#[allow(clippy::cast_possible_truncation, reason = "48")]
const SIZE: u32 = size_of::<Attributes>() as u32;

/// ioprio_set(2) of this thread: IOPRIO_CLASS_* and its level.
///
/// Errors: EPERM the real-time class needs CAP_SYS_ADMIN or CAP_SYS_NICE; EINVAL no such class or level.
pub fn set_io_priority(class: u32, level: u32) -> Result<()> {
    const WHO_PROCESS: libc::c_int = 1;
    const CLASS_SHIFT: u32 = 13;
    // SAFETY: ioprio_set takes numbers.
    check("ioprio_set", unsafe { libc::syscall(libc::SYS_ioprio_set, WHO_PROCESS, 0, class << CLASS_SHIFT | level) })
        .map(drop)
}

/// sched_setaffinity(2) of this thread: bit n of the words together is CPU n.
///
/// Errors: EINVAL the cpuset and the machine have none of them.
pub fn set_affinity(cpus: &[u64]) -> Result<()> {
    // SAFETY: sched_setaffinity reads that many bytes, which live until it returns.
    check("sched_setaffinity", unsafe {
        libc::syscall(libc::SYS_sched_setaffinity, 0, size_of_val(cpus), cpus.as_ptr())
    })
    .map(drop)
}

/// set_mempolicy(2) of this thread: MPOL_* with MPOL_F_* bits, and bit n of the words together is node n.
///
/// Errors: EINVAL no such mode or flag, or nodes that the mode does not take or that are not there.
pub fn set_memory_policy(mode: u32, nodes: &[u64]) -> Result<()> {
    // The kernel takes one off: the number is of bits and one more. No nodes are a null pointer: get_nodes() of mm/mempolicy.c.
    let (words, bits) =
        if nodes.is_empty() { (std::ptr::null(), 0) } else { (nodes.as_ptr(), size_of_val(nodes) * 8 + 1) };
    // SAFETY: set_mempolicy reads that many bits, which live until it returns.
    check("set_mempolicy", unsafe { libc::syscall(libc::SYS_set_mempolicy, mode, words, bits) }).map(drop)
}

/// personality(2): PER_* and its flags.
pub fn set_personality(persona: u32) -> Result<()> {
    // SAFETY: personality takes a number.
    check("personality", unsafe { libc::syscall(libc::SYS_personality, libc::c_ulong::from(persona)) }).map(drop)
}

/// More than any kernel's CPUs and nodes, and little memory as bits.
const MAX_NUMBER: u32 = 1 << 16;

/// The bits of a list such as `0-3,7`; none: it is not one.
#[must_use]
pub fn bits_of(list: &str) -> Option<Vec<u64>> {
    let mut words = Vec::new();
    for part in list.split(',').map(str::trim) {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        let (first, last) = (number(first)?, number(last)?);
        if first > last {
            return None;
        }
        for bit in first..=last {
            let at = usize::try_from(bit / 64).ok()?;
            words.resize(words.len().max(at + 1), 0);
            *words.get_mut(at)? |= 1 << (bit % 64);
        }
    }
    Some(words)
}

fn number(text: &str) -> Option<u32> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|number| digits && *number < MAX_NUMBER)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// In a thread of its own, which it is about.
    fn in_thread(test: impl FnOnce() + Send + 'static) {
        std::thread::spawn(test).join().unwrap();
    }

    fn own(file: &str) -> String {
        std::fs::read_to_string(format!("/proc/thread-self/{file}")).unwrap()
    }

    #[test]
    fn set_scheduler_makes_it_nicer_and_refuses_another_policys_priority() {
        in_thread(|| {
            set_scheduler(&Attributes { policy: 3, nice: 7, ..Attributes::default() }).unwrap();
            let stat = own("stat");
            let fields: Vec<&str> = stat.rsplit_once(')').unwrap().1.split_whitespace().collect();
            assert_eq!((fields[16], fields[38]), ("7", "3"), "nice and SCHED_BATCH in {stat}");
            let refused = set_scheduler(&Attributes { policy: 0, priority: 5, ..Attributes::default() }).unwrap_err();
            assert_eq!((refused.call, refused.errno), ("sched_setattr", libc::EINVAL));
        });
    }

    #[test]
    fn set_io_priority_refuses_a_class_that_is_none() {
        in_thread(|| {
            set_io_priority(2, 6).unwrap();
            // SAFETY: ioprio_get takes numbers.
            assert_eq!(unsafe { libc::syscall(libc::SYS_ioprio_get, 1, 0) }, 2 << 13 | 6);
            assert_eq!(set_io_priority(7, 0).unwrap_err().errno, libc::EINVAL);
        });
    }

    #[test]
    fn set_affinity_takes_one_cpu_and_refuses_those_that_are_not_there() {
        in_thread(|| {
            set_affinity(&[1, 0]).unwrap();
            assert!(own("status").contains("Cpus_allowed_list:\t0\n"));
            assert_eq!(set_affinity(&[0, 0, 0, 0, 0, 0, 0, 0, 1 << 63]).unwrap_err().errno, libc::EINVAL);
        });
    }

    #[test]
    fn set_memory_policy_binds_to_a_node_and_refuses_what_needs_one() {
        in_thread(|| {
            const BIND: u32 = 2;
            match set_memory_policy(BIND, &[1]) {
                Ok(()) => assert!(own("numa_maps").contains(" bind:0 "), "{}", own("numa_maps")),
                // A kernel without CONFIG_NUMA.
                Err(error) => return assert_eq!(error.errno, libc::ENOSYS),
            }
            assert_eq!(set_memory_policy(BIND, &[]).unwrap_err().errno, libc::EINVAL);
            set_memory_policy(0, &[]).unwrap();
        });
    }

    #[test]
    fn set_personality_shows_in_proc() {
        in_thread(|| {
            set_personality(8).unwrap();
            assert_eq!(own("personality").trim(), "00000008");
        });
    }

    #[test]
    fn bits_of_does_what_its_table_says() {
        for (list, expected) in [
            ("0", Some(vec![1])),
            ("0-3,7", Some(vec![0b1000_1111])),
            (" 1 , 64-65", Some(vec![2, 3])),
            ("63-64", Some(vec![1 << 63, 1])),
            ("", None),
            ("3-1", None),
            ("1,", None),
            ("-1", None),
            ("+1", None),
            ("0-3:2", None),
            ("65536", None),
            ("99999999999", None),
        ] {
            assert_eq!(bits_of(list), expected, "{list:?}");
        }
    }
}
