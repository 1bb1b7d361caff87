use super::*;
use masu_wire::plan::OverlayLayer;
use std::fs;
use std::path::PathBuf;

struct Scratch(PathBuf);

impl Drop for Scratch {
    fn drop(&mut self) {
        fs::remove_dir_all(&self.0).unwrap();
    }
}

fn found(lower: &[&str], upper: &[&str], mount_points: &[&str], mark: Option<&str>) -> Vec<String> {
    let name = std::thread::current().name().unwrap_or("test").rsplit(':').next().unwrap_or("test").to_owned();
    let scratch = Scratch(std::env::temp_dir().join(format!("masu-changes-{name}-{}", std::process::id())));
    for (layer, names) in [("lower", lower), ("upper", upper)] {
        let top = scratch.0.join(layer);
        fs::create_dir_all(&top).unwrap();
        for name in names {
            match name.strip_suffix('/') {
                Some(directory) => fs::create_dir_all(top.join(directory)).unwrap(),
                None => fs::write(top.join(name), if name.ends_with("stub") { "" } else { "x" }).unwrap(),
            }
        }
    }
    let path = |layer| scratch.0.join(layer).to_str().unwrap().to_owned();
    if let Some(mark) = mark {
        let directory = file::open(&format!("{}/{mark}", path("upper")), OFlags::RDONLY).unwrap();
        super::super::attributes::write(&directory, b"user.overlay.opaque", b"y").unwrap();
    }
    let layer = OverlayLayer {
        lower: vec![path("lower")],
        upper: path("upper"),
        work: String::new(),
        options: vec![],
        idmapped: false,
    };
    let root = Root::new(file::open("/", OFlags::PATH | OFlags::DIRECTORY).unwrap());
    let overlays = [TreeOverlay { destination: "/data".to_owned(), layer }];
    let mount_points: Vec<String> = mount_points.iter().map(|point| (*point).to_owned()).collect();
    let answer = changes(&root, &overlays, &mount_points).unwrap();
    answer.changes.iter().map(|change| format!("{:?} {}", change.kind, change.path)).collect()
}

#[test]
fn changes_tells_added_from_changed() {
    let lower = ["etc/", "etc/a", "etc/b", "var/"];
    let upper = ["etc/", "etc/a", "etc/new", "home/", "home/me/", "home/me/x"];
    assert_eq!(
        found(&lower, &upper, &[], None),
        [
            "Changed /data/etc",
            "Changed /data/etc/a",
            "Added /data/etc/new",
            "Added /data/home",
            "Added /data/home/me",
            "Added /data/home/me/x"
        ]
    );
}

#[test]
fn changes_leaves_out_empty_mount_points() {
    let upper = ["proc/", "dev/", "dev/made", "stub", "filled"];
    let points = ["/data/proc", "/data/dev", "/data/stub", "/data/filled"];
    assert_eq!(found(&[], &upper, &points, None), ["Added /data/dev", "Added /data/dev/made", "Added /data/filled"]);
}

#[test]
fn changes_tells_what_an_opaque_directory_covers() {
    let lower = ["d/", "d/kept", "d/gone", "d/below/", "d/below/x"];
    let upper = ["d/", "d/kept", "d/below/", "d/new"];
    assert_eq!(
        found(&lower, &upper, &[], Some("d")),
        [
            "Changed /data/d",
            "Changed /data/d/below",
            "Deleted /data/d/below/x",
            "Deleted /data/d/gone",
            "Changed /data/d/kept",
            "Added /data/d/new"
        ]
    );
}
