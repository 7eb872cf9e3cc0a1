//! The files of a node, through crashes at every step.

use std::sync::Arc;

use cib::xml::Document;
use membership::{Incarnation, Member, NodeId};
use replica::limits::{GENERATIONS, LOST_COPIES};
use replica::store::{
    Disk, DiskErrorKind, FileError, MemoryDisk, Start, Store, StoreReport, read_generation,
    read_promise, write_generation, write_promise,
};
use replica::{
    Change, ChangeId, CibCopy, Generation, LostCopy, Operation, Position, WriteFailure, WriteJob,
};

fn id(number: u64) -> ChangeId {
    ChangeId {
        member: Member {
            node: NodeId(7),
            incarnation: Incarnation(u64::MAX),
        },
        number,
    }
}

fn generation(copy: &CibCopy, promised: u64) -> Generation {
    Generation {
        document: Arc::clone(&copy.document),
        position: copy.position,
        promised,
        chain: copy.chain,
        history: copy.history.clone(),
    }
}

fn job(copy: &CibCopy) -> WriteJob {
    WriteJob::Generation(Box::new(generation(copy, 3)))
}

/// A copy with this many changes.
fn copy(changes: u64) -> CibCopy {
    let mut copy = CibCopy::empty();
    for number in 1..=changes {
        let change = Change::of(Operation::Create {
            parent: "/cib/configuration/nodes".to_owned(),
            element: format!("<node id='{number}' uname='&lt;!&amp;--&gt; {number}'/>"),
        });
        let made = copy.make(id(number), &change, &number.to_le_bytes());
        made.expect("it can be made");
        copy.position = Position {
            term: 2,
            seq: number,
        };
    }
    copy
}

fn open(disk: MemoryDisk) -> (Store<MemoryDisk>, Start) {
    Store::open(disk).expect("the disk works")
}

#[test]
fn an_empty_folder() {
    let (mut store, start) = open(MemoryDisk::default());
    assert_eq!(start.reports, [StoreReport::Empty]);
    assert_eq!(start.copy.version().to_string(), "0.1.0");
    assert_eq!(start.copy.position, Position::default());
    assert_eq!(cib::schema::validate(&start.copy.document), Ok(Vec::new()));
    assert_eq!(store.disk().list(), Ok(Vec::new()));
}

#[test]
fn what_is_written_is_read() {
    let written = copy(3);
    let (mut store, _) = open(MemoryDisk::default());
    store.perform(&job(&written)).expect("the disk works");
    store
        .perform(&WriteJob::Promise(9))
        .expect("the disk works");
    let (_, start) = open(store.into_disk());
    assert_eq!(start.promised, 9);
    assert_eq!(start.copy.fingerprint(), written.fingerprint());
    assert_eq!(start.copy.position, written.position);
    assert_eq!(start.copy.history, written.history);
    assert_eq!(
        start.copy.document.root().to_compact_text(),
        written.document.root().to_compact_text()
    );
}

#[test]
fn a_crash_at_any_step_leaves_the_old_or_the_new() {
    let (old, new) = (copy(2), copy(3));
    let mut seen = [0; 2];
    for steps in 0..6 {
        for choices in 0..200_usize {
            let (mut store, _) = open(MemoryDisk::default());
            store.perform(&job(&old)).expect("the disk works");
            store.disk().operations_left = Some(steps);
            let result = store.perform(&job(&new));
            let mut disk = store.into_disk();
            let mut drawn = choices;
            disk.crash(&mut |limit| {
                drawn = drawn.wrapping_mul(31).wrapping_add(7);
                drawn % limit
            });
            let (mut store, start) = open(disk);
            let is_new = start.copy.fingerprint() == new.fingerprint();
            assert!(is_new || start.copy.fingerprint() == old.fingerprint());
            assert!(is_new || result.is_err(), "what was written is there");
            let corrupt = |it: &StoreReport| matches!(it, StoreReport::Corrupt { .. });
            assert!(!start.reports.iter().any(corrupt), "{:?}", start.reports);
            let names = store.disk().list().expect("the disk works");
            assert!(!names.iter().any(|name| name.ends_with(".new")));
            store.perform(&job(&new)).expect("the disk works");
            seen[usize::from(is_new)] += 1;
        }
    }
    assert!(seen.iter().all(|&count| count > 50), "{seen:?}");
}

#[test]
fn a_full_disk_gives_up_old_generations() {
    let (mut store, _) = open(MemoryDisk::default());
    for changes in 0..20 {
        store.perform(&job(&copy(changes))).expect("there is space");
    }
    let names = store.disk().list().expect("the disk works");
    let used: usize = names
        .iter()
        .filter_map(|name| Some(store.disk().contents(name)?.len()))
        .sum();
    store.disk().capacity = Some(used + 10);
    store.perform(&job(&copy(20))).expect("space is made");
    assert_eq!(store.disk().list().map(|names| names.len()), Ok(4));
    store.disk().capacity = Some(10);
    let failure = store.perform(&job(&copy(21)));
    assert_eq!(failure, Err(WriteFailure::Full));
    let (_, start) = open(store.into_disk());
    assert_eq!(start.copy.fingerprint(), copy(20).fingerprint());
}

#[test]
fn damaged_files() {
    let bytes = write_generation(&generation(&copy(2), 3));
    let text = String::from_utf8(bytes.clone()).expect("it is a text");
    assert!(read_generation(&bytes).is_ok());
    for at in 0..bytes.len() {
        let mut damaged = bytes.clone();
        damaged[at] ^= 0x10;
        if let Ok((copy, _)) = read_generation(&damaged) {
            panic!("byte {at} counts: {:?}", copy.fingerprint());
        }
    }
    let check = |text: &str, expected: &dyn Fn(&FileError) -> bool| {
        let error = read_generation(text.as_bytes()).map(|_| ());
        assert!(error.as_ref().is_err_and(expected), "{error:?}");
    };
    check("", &|it| matches!(it, FileError::Header(_)));
    check("<cib/>\n", &|it| matches!(it, FileError::Header(_)));
    check(&text[..text.len() - 1], &|it| {
        matches!(it, FileError::Length { .. })
    });
    check(&text.replace("uname", "unane"), &|it| {
        *it == FileError::Hash
    });
    check(&text.replacen("version=0", "version=1", 1), &|it| {
        *it == FileError::Version
    });
    check(&text.replacen("version=0", "version=-1", 1), &|it| {
        matches!(it, FileError::Header("version"))
    });
}

#[test]
fn promises() {
    for term in [0, 1, u64::MAX] {
        assert_eq!(read_promise(&write_promise(term)), Ok(term));
    }
    let mut damaged = write_promise(5);
    damaged[24] ^= 1;
    assert!(read_promise(&damaged).is_err());

    let (mut store, _) = open(MemoryDisk::default());
    store.perform(&job(&copy(1))).expect("the disk works");
    store
        .perform(&WriteJob::Promise(9))
        .expect("the disk works");
    store.disk().damage("promised", 24);
    let (mut store, start) = open(store.into_disk());
    assert_eq!(start.promised, 3, "what the generation knows of it");
    assert!(store.disk().contents("corrupt-promised").is_some());
}

#[test]
fn all_generations_are_damaged() {
    let (mut store, _) = open(MemoryDisk::default());
    store.perform(&job(&copy(1))).expect("the disk works");
    store.perform(&job(&copy(2))).expect("the disk works");
    store.disk().damage("cib-1.xml", 0);
    store.disk().damage("cib-2.xml", 300);
    let (mut store, start) = open(store.into_disk());
    assert_eq!(start.reports.len(), 3, "{:?}", start.reports);
    assert_eq!(start.reports[2], StoreReport::Empty);
    store.perform(&job(&copy(1))).expect("the disk works");
    let names = store.disk().list();
    let expected = ["cib-3.xml", "corrupt-cib-1.xml", "corrupt-cib-2.xml"];
    assert_eq!(names, Ok(expected.map(str::to_owned).to_vec()));
}

#[test]
fn a_disk_that_cannot_be_read_is_no_empty_disk() {
    struct Broken;
    impl Disk for Broken {
        fn list(&mut self) -> Result<Vec<String>, replica::store::DiskError> {
            Ok(vec!["cib-1.xml".to_owned()])
        }
        fn read(&mut self, _: &str, _: usize) -> Result<Vec<u8>, replica::store::DiskError> {
            Err(replica::store::DiskError {
                kind: DiskErrorKind::Other,
                text: "input/output error".to_owned(),
            })
        }
        fn write_new(&mut self, _: &str, _: &[u8]) -> Result<(), replica::store::DiskError> {
            Ok(())
        }
        fn sync_file(&mut self, _: &str) -> Result<(), replica::store::DiskError> {
            Ok(())
        }
        fn rename(&mut self, _: &str, _: &str) -> Result<(), replica::store::DiskError> {
            Ok(())
        }
        fn sync_folder(&mut self) -> Result<(), replica::store::DiskError> {
            Ok(())
        }
        fn remove(&mut self, _: &str) -> Result<(), replica::store::DiskError> {
            Ok(())
        }
    }
    let error = Store::open(Broken)
        .map(|_| ())
        .map_err(|error| error.to_string());
    assert_eq!(error, Err("input/output error".to_owned()));
}

#[test]
fn lost_copies_are_limited() {
    let (mut store, _) = open(MemoryDisk::default());
    for number in 0..LOST_COPIES + 3 {
        let lost = LostCopy {
            name: format!("lost-0.{number}.0-0011aabb"),
            cib: "<cib/>".to_owned(),
            patch: "<diff/>".to_owned(),
        };
        store
            .perform(&WriteJob::Lost(Arc::new(lost)))
            .expect("the disk works");
    }
    let names = store.disk().list().expect("the disk works");
    assert_eq!(names.len(), 2 * LOST_COPIES);
    assert!(!names.contains(&"lost-0.2.0-0011aabb.xml".to_owned()));
    assert!(names.contains(&"lost-0.3.0-0011aabb.xml".to_owned()));
}

#[test]
fn fewer_generations() {
    let (mut store, _) = open(MemoryDisk::default());
    assert_eq!(GENERATIONS, 100);
    store.set_generations(0);
    for changes in 0..5 {
        store.perform(&job(&copy(changes))).expect("the disk works");
    }
    assert_eq!(store.disk().list(), Ok(vec!["cib-5.xml".to_owned()]));
}

#[test]
fn tools_can_read_a_generation() {
    let bytes = write_generation(&generation(&copy(2), 3));
    let text = String::from_utf8(bytes).expect("it is a text");
    let document = Document::parse(&text).expect("it is XML");
    assert_eq!(cib::schema::validate(&document), Ok(Vec::new()));
}
