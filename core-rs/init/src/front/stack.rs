//! The stack as the kernel made it: argc, the arguments, NULL, the environment, NULL, the auxiliary vector.
//! Source: the System V ABI's "Initial Process Stack"; getauxval(3).

use std::ffi::{CStr, c_char, c_int};
use std::ptr;

use super::failure::Failure;

const AT_NULL: usize = 0;
const AT_PAGESZ: usize = 6;

/// The kernel's stack of this process, from argc upwards. One exists per process.
pub(super) struct Stack {
    /// Points to argc.
    top: *mut usize,
    argument_count: usize,
    environment_count: usize,
    /// Type and value in turn, AT_NULL not included.
    auxiliary: &'static mut [usize],
}

impl Stack {
    /// Finds the stack from what a C `main` got.
    ///
    /// Errors: when the words before and behind `argv` are not those of a kernel's stack.
    ///
    /// # Safety
    /// `argv` points behind argc in a readable and writable area with the layout above, whose pointers lead to strings that
    /// end with NUL; nobody else writes to either.
    #[expect(unsafe_code, reason = "C pointers")]
    pub(super) unsafe fn from_main(argc: c_int, argv: *mut *mut c_char) -> Result<Self, Failure> {
        let argv = argv.cast::<usize>();
        // SAFETY: the caller promises a word with argc before argv.
        let top = unsafe { argv.sub(1) };
        let argument_count = usize::try_from(argc).unwrap_or(0);
        // SAFETY: `top` is the word before argv, and behind argc arguments there is a NULL.
        if unsafe { *top != argument_count || *argv.add(argument_count) != 0 } {
            return Err(Failure::new("Start", "masu", "The arguments are not on the kernel's own stack"));
        }
        // SAFETY: behind the arguments' NULL are the environment and its NULL.
        let (environment_count, after) = unsafe {
            let environment = argv.add(argument_count + 1);
            let count = length(environment, 1);
            (count, environment.add(count + 1))
        };
        // SAFETY: behind the environment's NULL there are only more NULLs, where libc dropped variables, and the auxiliary
        // vector: pairs whose last has the type AT_NULL.
        let auxiliary = unsafe {
            let found = first_set(after);
            let words = length(found, 2) + 2;
            // ld.so reads on directly behind the first NULL. In a program with AT_SECURE set, libc has removed variables
            // from the environment and left NULLs: the vector moves down over them.
            ptr::copy(found, after, words);
            std::slice::from_raw_parts_mut(after, words - 2)
        };
        Ok(Self { top, argument_count, environment_count, auxiliary })
    }

    /// The argument of that number; 0 is the program's own name.
    pub(super) fn argument(&self, number: usize) -> Option<&CStr> {
        (number < self.argument_count).then(|| self.string(1 + number))
    }

    /// How many arguments there are, the program's own name included.
    pub(super) fn argument_count(&self) -> usize {
        self.argument_count
    }

    /// The environment's entries, `NAME=value` as a rule.
    pub(super) fn environment(&self) -> impl Iterator<Item = &CStr> {
        let first = 1 + self.argument_count + 1;
        (first..first + self.environment_count).map(|index| self.string(index))
    }

    #[expect(unsafe_code, reason = "C pointers")]
    fn string(&self, index: usize) -> &CStr {
        // SAFETY: both callers stay within the arguments or the environment, which `from_main` has counted; these words are
        // pointers to strings with a NUL at the end, which live as long as the process.
        unsafe { CStr::from_ptr(self.top.add(index).cast::<*const c_char>().read()) }
    }

    /// The page size in bytes, a power of two.
    pub(super) fn page_size(&self) -> Result<usize, Failure> {
        let page = self.auxiliary.chunks_exact(2).find(|entry| entry[0] == AT_PAGESZ).map(|entry| entry[1]);
        page.filter(|page| page.is_power_of_two())
            .ok_or_else(|| Failure::new("Start", "masu", "The kernel's auxiliary vector has no page size"))
    }

    /// The auxiliary vector: type and value in turn.
    pub(super) fn auxiliary(&mut self) -> &mut [usize] {
        self.auxiliary
    }

    /// The stack pointer with which the kernel started this process.
    pub(super) fn into_pointer(self) -> *mut usize {
        self.top
    }
}

/// Words before the first 0, looking at every `step`th.
///
/// # Safety
/// There is such a 0, and all words up to it can be read.
#[expect(unsafe_code, reason = "reads words up to a terminator")]
unsafe fn length(first: *const usize, step: usize) -> usize {
    let mut count = 0;
    // SAFETY: the caller promises a terminator and that everything before it can be read.
    while unsafe { *first.add(count) } != AT_NULL {
        count += step;
    }
    count
}

/// The first word that is not 0.
///
/// # Safety
/// There is one, and all words up to it can be read.
#[expect(unsafe_code, reason = "reads words up to the first that is set")]
unsafe fn first_set(mut word: *mut usize) -> *mut usize {
    // SAFETY: the caller promises a word that is not 0 and that everything before it can be read.
    unsafe {
        while *word == 0 {
            word = word.add(1);
        }
    }
    word
}

#[cfg(test)]
#[path = "stack_test.rs"]
mod tests;
