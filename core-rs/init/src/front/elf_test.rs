use super::*;

const PAGE: usize = 4096;

/// Offset, address, bytes in the file, bytes in memory, flags, alignment.
type Load = (u64, u64, u64, u64, u32, u64);

/// What a linker makes of a small program: text, data with bss.
const LOADS: &[Load] = &[(0, 0, 0x1234, 0x1234, 5, 0x1000), (0x1240, 0x2240, 0x100, 0x3000, 6, 0x1000)];
const FILE_LENGTH: usize = 0x1340;

fn put(head: &mut [u8], at: usize, bytes: &[u8]) {
    head[at..at + bytes.len()].copy_from_slice(bytes);
}

/// The first page of an ELF file with these segments and the loader's name at 0x800.
fn head(loads: &[Load]) -> Vec<u8> {
    let mut head = vec![0; HEAD_LENGTH];
    put(&mut head, 0, &IDENT);
    put(&mut head, 16, &(ET_DYN as u16).to_le_bytes());
    put(&mut head, 18, &(MACHINE as u16).to_le_bytes());
    put(&mut head, 24, &0x1000u64.to_le_bytes());
    put(&mut head, 32, &64u64.to_le_bytes());
    put(&mut head, 54, &56u16.to_le_bytes());
    put(&mut head, 56, &(loads.len() as u16 + 1).to_le_bytes());
    segment(&mut head, 0, 3, (0x800, 0x800, 7, 7, 4, 1));
    put(&mut head, 0x800, b"/ld.so\0");
    for (index, load) in loads.iter().enumerate() {
        segment(&mut head, index + 1, 1, *load);
    }
    head
}

fn segment(head: &mut [u8], index: usize, kind: u32, (offset, address, in_file, in_memory, flags, align): Load) {
    let at = 64 + index * 56;
    put(head, at, &kind.to_le_bytes());
    put(head, at + 4, &flags.to_le_bytes());
    for (field, value) in [offset, address, address, in_file, in_memory, align].into_iter().enumerate() {
        put(head, at + 8 + field * 8, &value.to_le_bytes());
    }
}

fn layout(loads: &[Load]) -> Result<Layout, Defect> {
    Image::parse(&head(loads))?.layout(Window { at: 0x8000, length: FILE_LENGTH }, PAGE)
}

#[test]
fn layout_maps_whole_pages_clears_behind_data_and_adds_fresh_ones() {
    let layout = layout(LOADS).unwrap();
    assert_eq!((layout.low(), layout.span(), layout.align), (0, 0x6000, PAGE));
    assert_eq!((layout.headers, layout.header_count, layout.entry), (64, 3, 0x1000));
    let (code, data) = (
        Protection { read: true, write: false, execute: true },
        Protection { read: true, write: true, execute: false },
    );
    assert_eq!(
        layout.parts(),
        [
            Part { start: 0, from_file: 0x2000, file_at: 0x8000, clear: 0, fresh: 0, protection: code },
            Part { start: 0x2000, from_file: 0x1000, file_at: 0x9000, clear: 0xcc0, fresh: 0x3000, protection: data },
        ]
    );
}

#[test]
fn layout_clears_a_data_page_even_when_it_adds_none() {
    let layout = layout(&[LOADS[0], (0x1240, 0x2240, 0x100, 0x101, 6, 0x1000)]).unwrap();
    assert_eq!((layout.parts()[1].clear, layout.parts()[1].fresh), (0xcc0, 0));
}

#[test]
fn layout_maps_a_segment_without_data_from_nowhere() {
    let layout = layout(&[LOADS[0], (0x10, 0x2010, 0, 0x1000, 6, 0x1000)]).unwrap();
    let part = layout.parts()[1];
    assert_eq!((part.start, part.from_file, part.clear, part.fresh), (0x2000, 0, 0, 0x2000));
}

#[test]
fn layout_skips_empty_segments_and_keeps_the_largest_alignment() {
    let layout = layout(&[LOADS[0], (0, 0x9000, 0, 0, 6, 0), (0, 0x10000, 0x10, 0x10, 4, 0x10000)]).unwrap();
    assert_eq!((layout.parts().len(), layout.align), (2, 0x10000));
}

#[test]
fn layout_refuses_what_cannot_be_mapped() {
    let huge = u64::MAX - 0xfff;
    let cases: &[(&str, &[Load], Defect)] = &[
        ("no segment", &[], Defect::SegmentCount),
        ("an overlap", &[LOADS[0], (0x1240, 0x1240, 0x10, 0x10, 6, 0x1000)], Defect::SegmentOrder),
        ("descending addresses", &[LOADS[1], LOADS[0]], Defect::SegmentOrder),
        ("more in the file than in memory", &[(0, 0, 0x1001, 0x1000, 5, 0x1000)], Defect::SegmentOrder),
        ("an address at the end of the numbers", &[LOADS[0], (0, huge, 1, 0xfff, 6, 0x1000)], Defect::SegmentOrder),
        ("an end behind the numbers", &[LOADS[0], (0, huge, 1, u64::MAX, 6, 0x1000)], Defect::SegmentOrder),
        ("an end behind user addresses", &[LOADS[0], (0, 1 << 46, 1, 1 << 47, 6, 0x1000)], Defect::SegmentOrder),
        ("a file that ends too early", &[(0, 0, 0x1341, 0x1341, 5, 0x1000)], Defect::Truncated),
        (
            "an offset at the end of the numbers",
            &[LOADS[0], (huge, 0x3000, 0xfff, 0xfff, 6, 0x1000)],
            Defect::Truncated,
        ),
        ("an offset that overflows", &[LOADS[0], (huge, 0x3000, 0x2000, 0x2000, 6, 0x1000)], Defect::Truncated),
        ("another place in the page", &[(1, 0, 1, 1, 5, 0x1000)], Defect::Misaligned),
        ("an alignment that is none", &[(0, 0, 0x1234, 0x1234, 5, 0x1001)], Defect::Misaligned),
        ("a boundless alignment", &[(0, 0, 0x1234, 0x1234, 5, 1 << 63)], Defect::Misaligned),
        ("an entry in data", &[(0, 0, 0x1234, 0x1234, 4, 0x1000)], Defect::NoEntry),
        ("an entry in fresh memory", &[(0, 0, 0x800, 0x2000, 5, 0x1000)], Defect::NoEntry),
        ("headers that nothing maps", &[(0x1000, 0x1000, 0x100, 0x100, 5, 0x1000)], Defect::HeadersOutside),
    ];
    for (name, loads, expected) in cases {
        assert_eq!(layout(loads), Err(*expected), "{name}");
    }
}

#[test]
fn layout_refuses_more_segments_than_it_has_room_for() {
    let loads: Vec<Load> = (0..=MAX_PARTS as u64).map(|index| (0, index << 13, 0x1234, 0x1234, 5, 0x1000)).collect();
    assert!(layout(&loads[..MAX_PARTS]).is_ok());
    assert_eq!(layout(&loads), Err(Defect::SegmentCount));
}

#[test]
fn layout_refuses_a_window_or_a_segment_that_does_not_fit_the_page_size() {
    let head = head(LOADS);
    let image = Image::parse(&head).unwrap();
    assert_eq!(image.layout(Window { at: 0x100, length: FILE_LENGTH }, PAGE), Err(Defect::Misaligned));
    // Pages of 64 KiB, as some kernels for AArch64 have: the second segment is at another place in its page.
    assert_eq!(image.layout(Window { at: 0x10000, length: FILE_LENGTH }, 0x10000), Err(Defect::Misaligned));
}

#[test]
fn parse_refuses_what_is_not_a_program_of_this_machine() {
    let change = |at: usize, value: u8| {
        let mut head = head(LOADS);
        head[at] = value;
        head
    };
    let cases: &[(&str, Vec<u8>, Defect)] = &[
        ("nothing", vec![], Defect::NotElf),
        ("half a header", head(LOADS)[..63].to_vec(), Defect::NotElf),
        ("a script", b"#!/bin/sh\n".repeat(10), Defect::NotElf),
        ("32 bits", change(4, 1), Defect::NotElf),
        ("big-endian", change(5, 2), Defect::NotElf),
        ("another machine", change(18, 3), Defect::OtherMachine),
        ("a fixed address", change(16, 2), Defect::FixedAddress),
        ("program headers of another size", change(54, 32), Defect::HeadersOutside),
        ("program headers behind the head", change(33, 0x10), Defect::HeadersOutside),
        ("program headers at the end of the numbers", change(39, 0xff), Defect::HeadersOutside),
        ("more program headers than the head holds", change(57, 0xff), Defect::HeadersOutside),
    ];
    for (name, head, expected) in cases {
        assert_eq!(Image::parse(head).map(|_| ()), Err(*expected), "{name}");
    }
}

#[test]
fn loader_is_the_absolute_name_in_the_head() {
    let with = |offset: u64, length: u64, name: &[u8]| {
        let mut head = head(LOADS);
        segment(&mut head, 0, 3, (offset, offset, length, length, 4, 1));
        put(&mut head, 0x800, name);
        Image::parse(&head).and_then(|image| image.loader().map(CStr::to_owned))
    };
    assert_eq!(with(0x800, 7, b"/ld.so\0"), Ok(c"/ld.so".to_owned()));
    let cases: &[(&str, u64, u64, &[u8], Defect)] = &[
        ("a relative name", 0x800, 6, b"ld.so\0", Defect::NoLoader),
        ("no NUL", 0x800, 6, b"/ld.so", Defect::NoLoader),
        ("a NUL inside", 0x800, 7, b"/l\0.so\0", Defect::NoLoader),
        ("an empty name", 0x800, 0, b"", Defect::NoLoader),
        ("a name behind the head", 0x1000, 7, b"", Defect::HeadersOutside),
        ("a name at the end of the numbers", u64::MAX, 7, b"", Defect::HeadersOutside),
    ];
    for (name, offset, length, bytes, expected) in cases {
        assert_eq!(with(*offset, *length, bytes), Err(*expected), "{name}");
    }
}

#[test]
fn loader_is_refused_where_there_is_none() {
    let mut head = head(LOADS);
    put(&mut head, 64, &0u32.to_le_bytes());
    assert_eq!(Image::parse(&head).unwrap().loader(), Err(Defect::NoLoader));
}

/// Every byte of the headers set to what breaks arithmetic: nothing may panic, and what is accepted must keep its promises.
#[test]
fn layout_keeps_its_promises_for_hostile_headers() {
    let good = head(LOADS);
    for at in 0..64 + 3 * 56 {
        for value in [0, 1, 0x0f, 0x7f, 0x80, 0xff] {
            let mut head = good.clone();
            head[at] = value;
            let window = Window { at: 0x8000, length: FILE_LENGTH };
            let Ok(layout) = Image::parse(&head).and_then(|image| image.layout(window, PAGE)) else {
                continue;
            };
            let mut end = layout.low();
            for part in layout.parts() {
                assert!(part.start >= end && part.start % PAGE == 0 && part.file_at % PAGE == 0, "byte {at} = {value}");
                assert!(part.clear < PAGE && part.clear <= part.from_file, "byte {at} = {value}");
                assert!(
                    part.from_file == 0 || part.file_at + part.from_file <= 0x8000 + FILE_LENGTH.next_multiple_of(PAGE)
                );
                end = part.end();
            }
            assert_eq!(end, layout.low() + layout.span(), "byte {at} = {value}");
        }
    }
}

#[test]
fn parse_reads_this_very_program() {
    let file = std::fs::read("/proc/self/exe").unwrap();
    let image = Image::parse(&file[..HEAD_LENGTH]).unwrap();
    assert!(image.layout(Window { at: 0, length: file.len() }, PAGE).is_ok());
}

proptest::proptest! {
    /// The file may be anything; a layout that is given must be one that can be mapped.
    #[test]
    fn layout_of_any_head_lies_in_its_window(
        loads in proptest::collection::vec(proptest::prelude::any::<Load>(), 0..5),
        changes in proptest::collection::vec((0usize..512, proptest::prelude::any::<u8>()), 0..12),
        small in proptest::prelude::any::<bool>(),
    ) {
        let bound = |load: &Load| if small { (load.0 % 0x1400, load.1 % 0x8000, load.2 % 0x1400, load.3 % 0x8000, load.4 % 8, load.5 % 0x2001) } else { *load };
        let mut head = head(&loads.iter().map(bound).collect::<Vec<_>>());
        for (at, byte) in changes {
            head[at] = byte;
        }
        let Ok(image) = Image::parse(&head) else { return Ok(()) };
        let _ = image.loader();
        let window = Window { at: 0x8000, length: FILE_LENGTH };
        if let Ok(layout) = image.layout(window, PAGE) {
            let mut end = 0;
            for part in layout.parts() {
                proptest::prop_assert!(part.start >= end && part.start % PAGE == 0 && part.file_at >= window.at && part.end() <= ADDRESS_END + PAGE);
                proptest::prop_assert!(part.from_file == 0 || part.file_at + part.from_file <= window.at + FILE_LENGTH.next_multiple_of(PAGE));
                end = part.end();
            }
        }
    }
}
