use super::*;

/// A stack with these words between argv and the auxiliary vector's last pair.
fn stack(argc: usize, words: &[usize]) -> Vec<usize> {
    [&[argc], words, &[0, 0]].concat()
}

#[expect(unsafe_code, reason = "makes a stack from words")]
fn read(argc: c_int, words: &mut Vec<usize>) -> Result<Stack, Failure> {
    // SAFETY: every test below ends its words with the auxiliary vector's end and keeps them until it ends.
    unsafe { Stack::from_main(argc, words.as_mut_ptr().add(1).cast()) }
}

fn address(text: &'static CStr) -> usize {
    text.as_ptr().expose_provenance()
}

#[test]
fn from_main_finds_arguments_environment_and_auxiliary_vector() {
    let [name, flag, entry] = [c"masu", c"--version", c"A=1"].map(address);
    let mut words = stack(2, &[name, flag, 0, entry, 0, AT_PAGESZ, 4096, 3, 7]);
    let mut stack = read(2, &mut words).unwrap();
    assert_eq!((stack.argument(0), stack.argument(1), stack.argument(2)), (Some(c"masu"), Some(c"--version"), None));
    assert_eq!(stack.argument_count(), 2);
    assert_eq!(stack.environment().collect::<Vec<_>>(), [c"A=1"]);
    assert_eq!(stack.page_size().unwrap(), 4096);
    assert_eq!(stack.auxiliary(), [AT_PAGESZ, 4096, 3, 7]);
    assert_eq!(stack.into_pointer(), words.as_mut_ptr());
}

#[test]
fn from_main_takes_no_arguments_and_no_environment() {
    let mut words = stack(0, &[0, 0, AT_PAGESZ, 4096]);
    let stack = read(0, &mut words).unwrap();
    assert_eq!((stack.argument(0), stack.environment().count(), stack.page_size().unwrap()), (None, 0, 4096));
}

#[test]
fn from_main_closes_the_gap_that_removed_variables_leave() {
    let name = address(c"masu");
    let mut words = stack(1, &[name, 0, 0, 0, 0, AT_PAGESZ, 4096, 3, 7]);
    let mut stack = read(1, &mut words).unwrap();
    assert_eq!(stack.auxiliary(), [AT_PAGESZ, 4096, 3, 7]);
    assert_eq!(words[..9], [1, name, 0, 0, AT_PAGESZ, 4096, 3, 7, 0]);
}

#[test]
fn from_main_refuses_arguments_that_are_not_on_the_stack() {
    let name = address(c"masu");
    let mut words = stack(7, &[name, 0, 0, AT_PAGESZ, 4096]);
    let failure = read(1, &mut words).err().unwrap().to_string();
    assert_eq!(failure, "masu: Start \"masu\": The arguments are not on the kernel's own stack\n");
}

#[test]
fn page_size_is_refused_where_it_is_missing_or_no_power_of_two() {
    for auxiliary in [[3, 7], [AT_PAGESZ, 0], [AT_PAGESZ, 4095]] {
        let mut words = stack(0, &[0, 0, auxiliary[0], auxiliary[1]]);
        assert!(read(0, &mut words).unwrap().page_size().is_err(), "{auxiliary:?}");
    }
}
