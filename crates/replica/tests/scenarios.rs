//! Schedules by hand.

mod group;

use std::time::Duration;

use group::{Group, majority};
use replica::limits::{
    GENERATIONS, HISTORY, MAX_DEFERRED, MAX_OPERATIONS, MAX_REQUESTS, PART_BYTES, WRITE_FAILURES,
};
use replica::store::{Disk, DiskErrorKind, StoreReport, read_generation};
use replica::{
    Answer, Change, ChangeError, Durability, Expectation, Operation, Refusal, Report, Request,
    RequestId, Standing,
};

const WITH_QUORUM: Standing = Standing {
    quorate: true,
    exclusive: true,
};

const NOT_EXCLUSIVE: Standing = Standing {
    quorate: true,
    exclusive: false,
};

/// Never torn: everything that was written is there after a crash.
fn keep_all(limit: usize) -> usize {
    limit - 1
}

/// Nothing is there after a crash that was not synced.
fn keep_none(_: usize) -> usize {
    0
}

fn established(count: u32) -> Group {
    let mut group = Group::new(count);
    let all: Vec<usize> = (0..count as usize).collect();
    group.view(&all, WITH_QUORUM, 0);
    group.settle();
    group
}

fn names(group: &mut Group, at: usize) -> Vec<String> {
    let disk = group.nodes[at].store.as_mut().expect("it runs").disk();
    disk.list().expect("the disk works")
}

fn reported(group: &Group, at: usize, wanted: fn(&Report) -> bool) -> bool {
    group.nodes[at].reports.iter().any(wanted)
}

#[test]
fn a_change_is_answered_when_it_is_on_all_disks() {
    let mut group = established(3);
    let change = group.add(0);
    group.order(0);
    for at in 0..3 {
        group.deliver(at);
    }
    for at in 0..3 {
        assert!(!group.hear_stable(at), "node {at} has not written");
        assert!(group.answer(0, change).is_none());
        group.write(at);
    }
    assert_eq!(group.committed(0), [""; 0], "nobody has heard of it");
    group.settle();
    assert!(group.is_vouched(0, change));
    for at in 0..3 {
        assert_eq!(group.committed(at).len(), 1);
    }
}

#[test]
fn a_change_of_the_status_needs_no_disk() {
    let mut group = established(2);
    // The first one raises the epoch, as the updates before are not on disk.
    group.note(0, 1);
    group.settle();
    let version = group.replica(0).version();
    let change = group.note(0, 2);
    group.order(0);
    for at in 0..2 {
        group.deliver(at);
        assert!(!group.write(at), "nothing is to be written");
    }
    group.hear_stable(0);
    assert!(group.is_vouched(0, change));
    assert_eq!(group.replica(0).version(), version.next(false));
}

#[test]
fn figure_8() {
    let mut group = established(3);
    let (a, b, c) = (0, 1, 2);
    // x comes to A alone, y to nobody.
    let x = group.add(a);
    let y = group.add(b);
    group.order(a);
    group.deliver(a);
    group.write(a);
    group.view(&[a], majority(1, 3), 0);
    // B and C go on; B has y and marks its copy with the new term, C promises and dies before it
    // marks its own.
    group.view(&[b, c], WITH_QUORUM, 0);
    for at in [b, b, c, b] {
        // y, two summaries, the marker.
        group.order(at);
        group.deliver(b);
        group.deliver(c);
        group.write(b);
        group.write(c);
    }
    for at in [b, c] {
        while group.deliver(at) {}
        group.write(at);
    }
    group.order(b);
    group.deliver(b);
    group.hear_stable(b);
    group.write(b);
    assert_eq!(group.replica(b).position().term, 2);
    assert!(group.replica(b).established().is_none());
    group.crash(c, &mut keep_none);
    group.start(c);
    // x is taken over and vouched for.
    group.view(&[a, c], WITH_QUORUM, 0);
    group.settle();
    assert!(group.is_vouched(a, x), "{:?}", group.answer(a, x));
    // y comes from an older term than the one that x is in now.
    group.view(&[b], majority(1, 3), 0);
    group.crash(a, &mut keep_all);
    group.view(&[b, c], WITH_QUORUM, 0);
    group.settle();
    group.check_vouched();
    let Some(Answer::Unknown { kept: Some(name) }) = group.answer(b, y).cloned() else {
        panic!("y is lost and kept: {:?}", group.answer(b, y));
    };
    let disk = group.nodes[b].store.as_mut().expect("it runs").disk();
    let kept = disk.contents(&format!("{name}.xml")).expect("it is kept");
    assert!(String::from_utf8_lossy(kept).contains("id=\"c2\""));
}

#[test]
fn both_sides_of_two_nodes_write() {
    let mut group = established(2);
    group.view(&[0], NOT_EXCLUSIVE, 0);
    group.view(&[1], NOT_EXCLUSIVE, 0);
    let one = group.add(0);
    let two = group.add(1);
    let three = group.add(1);
    group.settle();
    for (at, change) in [(0, one), (1, two), (1, three)] {
        let answer = group.answer(at, change);
        let Some(Answer::Changed { durability, .. }) = answer else {
            panic!("it is made: {answer:?}");
        };
        assert_eq!(*durability, Durability::WithoutQuorum);
    }
    let highest = group.replica(1).version();
    group.view(&[0, 1], WITH_QUORUM, 0);
    group.settle();
    // The side with more changes has the higher epoch.
    for at in 0..2 {
        assert_eq!(group.committed(at), ["c2", "c3"]);
        assert_eq!(group.replica(at).version().epoch, highest.epoch + 1);
    }
    assert!(reported(&group, 0, |it| matches!(it, Report::Lost { .. })));
    assert!(reported(&group, 0, |it| matches!(it, Report::Kept { .. })));
    assert!(!reported(&group, 1, |it| matches!(it, Report::Lost { .. })));
    let kept = names(&mut group, 0);
    let lost: Vec<_> = kept.iter().filter(|it| it.starts_with("lost-")).collect();
    assert_eq!(lost.len(), 2, "{kept:?}");
    let disk = group.nodes[0].store.as_mut().expect("it runs").disk();
    for name in lost {
        let text = String::from_utf8_lossy(disk.contents(name).expect("is there")).into_owned();
        assert!(text.contains("c1"), "{name}: {text}");
        cib::xml::Document::parse(&text).expect("tools can read it");
    }
}

#[test]
fn an_administrators_epoch_beats_all() {
    let mut group = established(3);
    group.view(&[0], majority(1, 3), 0);
    group.view(&[1, 2], WITH_QUORUM, 0);
    let raise = Operation::Modify {
        place: None,
        element: "<cib admin_epoch='admin_epoch++'/>".to_owned(),
        may_create: false,
    };
    group.request(0, Request::Change(Change::of(raise)));
    group.note(1, 5);
    group.settle();
    group.view(&[0, 1, 2], WITH_QUORUM, 0);
    group.settle();
    for at in 0..3 {
        assert_eq!(group.replica(at).version().admin_epoch, 1);
    }
}

#[test]
fn an_ancestor_is_brought_up_to_date_without_ado() {
    let mut group = established(3);
    group.view(&[0], majority(1, 3), 0);
    group.view(&[1, 2], WITH_QUORUM, 0);
    group.settle();
    group.add(1);
    group.note(2, 7);
    group.settle();
    let version = group.replica(1).version();
    group.view(&[0, 1, 2], WITH_QUORUM, 0);
    group.settle();
    assert_eq!(group.replica(0).version(), version, "nothing to raise");
    assert_eq!(group.committed(0).len(), 1);
    assert!(!reported(&group, 0, |it| matches!(it, Report::Lost { .. })));
}

#[test]
fn a_node_restarts_from_nothing() {
    let mut group = established(3);
    let change = group.add(0);
    group.settle();
    assert!(group.is_vouched(0, change));
    group.crash(2, &mut keep_all);
    group.replace_disk(2);
    group.start(2);
    group.view(&[0, 1, 2], WITH_QUORUM, 0);
    group.settle();
    group.check_vouched();
    assert!(!reported(&group, 2, |it| matches!(it, Report::Lost { .. })));
}

#[test]
fn the_whole_cluster_restarts() {
    let mut group = established(3);
    group.add(0);
    group.note(1, 4);
    group.note(1, 5);
    group.settle();
    let before = group.replica(0).version();
    for at in 0..3 {
        group.crash(at, &mut keep_all);
        group.start(at);
    }
    group.view(&[0, 1, 2], WITH_QUORUM, 0);
    group.settle();
    group.check_vouched();
    let status = group.replica(0).committed().root().child("status");
    assert_eq!(status.expect("is there").children().count(), 0);
    // No version of before names a new content.
    group.note(2, 9);
    group.settle();
    assert!(group.replica(0).version() > before);
}

#[test]
fn a_full_disk_holds_up_the_acknowledgement() {
    let mut group = established(2);
    let disk = group.nodes[1].store.as_mut().expect("it runs").disk();
    disk.capacity = Some(10);
    let change = group.add(0);
    group.settle();
    assert!(group.answer(0, change).is_none());
    let mut now = Duration::ZERO;
    for failures in 1..WRITE_FAILURES {
        assert!(group.replica(1).is_durable(), "after {failures}");
        now = group
            .replica(1)
            .deadline()
            .expect("it is tried again")
            .max(now);
        group.tick(1, now);
        group.settle();
    }
    assert!(!group.replica(1).is_durable());
    assert!(reported(&group, 1, |it| *it == Report::NotDurable));
    let disk = group.nodes[1].store.as_mut().expect("it runs").disk();
    disk.capacity = None;
    group.tick(1, now + Duration::from_secs(10));
    group.settle();
    assert!(group.is_vouched(0, change));
    assert!(reported(&group, 1, |it| *it == Report::DurableAgain));
}

#[test]
fn a_corrupt_file_is_set_aside() {
    let mut group = established(3);
    group.add(0);
    group.settle();
    let newest = newest(&mut group, 2);
    group.crash(2, &mut keep_all);
    group.disk_of(2).damage(&newest, 700);
    let reports = group.start(2);
    let set_aside =
        |it: &StoreReport| matches!(it, StoreReport::Corrupt { name, .. } if *name == newest);
    assert!(reports.iter().any(set_aside), "{reports:?}");
    assert!(names(&mut group, 2).contains(&format!("corrupt-{newest}")));
    assert_eq!(group.committed(2), [""; 0], "an older copy");
    group.view(&[0, 1, 2], WITH_QUORUM, 0);
    group.settle();
    group.check_vouched();
}

fn newest(group: &mut Group, at: usize) -> String {
    let names = names(group, at);
    let numbers = names.iter().filter_map(|name| {
        let digits = name.strip_prefix("cib-")?.strip_suffix(".xml")?;
        digits.parse::<u64>().ok()
    });
    format!("cib-{}.xml", numbers.max().expect("one was written"))
}

#[test]
fn generations_are_pruned() {
    let mut group = established(1);
    for _ in 0..GENERATIONS + 5 {
        group.add(0);
        group.settle();
    }
    let names = names(&mut group, 0);
    let generations = names.iter().filter(|it| it.starts_with("cib-"));
    assert_eq!(generations.count(), GENERATIONS);
    let newest = newest(&mut group, 0);
    let disk = group.nodes[0].store.as_mut().expect("it runs").disk();
    let bytes = disk.contents(&newest).expect("is there").to_vec();
    let (copy, promised) = read_generation(&bytes).expect("it is valid");
    assert_eq!(promised, 1);
    assert_eq!(copy.position, group.replica(0).position());
}

#[test]
fn writes_are_coalesced() {
    let mut group = established(1);
    let changes: Vec<RequestId> = (0..20).map(|_| group.add(0)).collect();
    while group.order(0) && group.deliver(0) {}
    assert!(group.write(0) && group.write(0));
    assert!(!group.write(0), "the second write covers all");
    group.settle();
    assert!(changes.iter().all(|&change| group.is_vouched(0, change)));
}

#[test]
fn what_is_not_adopted_is_unknown_and_kept() {
    let mut group = established(3);
    let change = group.add(0);
    group.order(0);
    group.deliver(0);
    group.view(&[0], majority(1, 3), 0);
    group.view(&[1, 2], WITH_QUORUM, 0);
    group.settle();
    // Alone, it is made without quorum.
    assert!(matches!(
        group.answer(0, change),
        Some(Answer::Changed {
            durability: Durability::WithoutQuorum,
            ..
        })
    ));
    group.view(&[0, 1, 2], WITH_QUORUM, 0);
    group.settle();
    assert_eq!(group.committed(0), [""; 0]);
    assert!(reported(&group, 0, |it| matches!(it, Report::Lost { .. })));
}

#[test]
fn a_change_that_is_ordered_twice_is_made_once() {
    let mut group = established(3);
    let change = group.add(0);
    group.order(0);
    for at in 1..3 {
        group.deliver(at);
        group.write(at);
    }
    // Node 1 has not heard that its change was ordered, and submits it again.
    group.view(&[1, 2], WITH_QUORUM, 0);
    group.view(&[0, 1, 2], WITH_QUORUM, 0);
    group.settle();
    assert!(group.is_vouched(0, change));
    assert_eq!(group.committed(0).len(), 1);
}

#[test]
fn a_view_becomes_exclusive() {
    let mut group = Group::new(2);
    let view = group.view(&[0, 1], NOT_EXCLUSIVE, 0);
    group.settle();
    let before = group.add(0);
    group.settle();
    assert!(!group.is_vouched(0, before));
    assert_eq!(group.replica(0).position().term, 0);
    // With a change on its way that is not on disk.
    let during = group.add(1);
    group.order(1);
    group.deliver(0);
    group.deliver(1);
    group.change_standing(view, WITH_QUORUM);
    let after = group.add(0);
    group.settle();
    assert!(!group.is_vouched(1, during), "it was ordered before");
    assert!(group.answer(1, during).is_some());
    assert!(group.is_vouched(0, after));
    assert_eq!(group.replica(1).position().term, 1);
    group.change_standing(view, NOT_EXCLUSIVE);
    let last = group.add(0);
    group.settle();
    assert!(!group.is_vouched(0, last) && group.answer(0, last).is_some());
}

fn large(len: usize) -> Request {
    let comment = "x".repeat(len);
    Request::Change(Change::of(Operation::Replace {
        place: None,
        element: format!("<constraints><!--{comment}--></constraints>"),
        is_forced: false,
    }))
}

#[test]
fn large_changes_go_in_parts() {
    for len in [PART_BYTES - 200, PART_BYTES, 3 * PART_BYTES + 7] {
        let mut group = established(3);
        let change = group.request(0, large(len));
        let small = group.add(1);
        group.settle();
        assert!(group.is_vouched(0, change) && group.is_vouched(1, small));
        // It goes to one who comes later, too.
        group.crash(2, &mut keep_none);
        group.replace_disk(2);
        group.start(2);
        group.view(&[0, 1, 2], WITH_QUORUM, 0);
        group.settle();
        let text = group.replica(2).committed().root().to_compact_text();
        assert!(text.len() > len);
    }
}

#[test]
fn a_large_change_is_cut_in_the_middle() {
    let mut group = established(3);
    let change = group.request(0, large(3 * PART_BYTES));
    group.order(0);
    group.order(0);
    for at in 0..3 {
        group.deliver(at);
    }
    group.view(&[0, 1], WITH_QUORUM, 0);
    group.settle();
    assert!(group.is_vouched(0, change));
}

#[test]
fn requests_wait_for_a_view() {
    let mut group = Group::new(1);
    group.allows_refusals = true;
    let waiting: Vec<RequestId> = (0..MAX_REQUESTS).map(|_| group.add(0)).collect();
    let surplus = group.add(0);
    let answer = group.answer(0, surplus);
    assert!(matches!(answer, Some(Answer::Refused(Refusal::TooMany))));
    assert!(waiting.iter().all(|&it| group.answer(0, it).is_none()));
    assert!(group.replica(0).withdraw(waiting[7]));
    assert!(!group.replica(0).withdraw(waiting[7]));
    let next = group.add(0);
    assert!(
        group.answer(0, next).is_none(),
        "there is room for one more"
    );
    let local = group.request(0, Request::ReadLocal);
    assert!(matches!(
        group.answer(0, local),
        Some(Answer::Cib {
            is_established: false,
            ..
        })
    ));
}

#[test]
fn compare_and_set() {
    let mut group = established(2);
    group.allows_refusals = true;
    let version = group.replica(0).version();
    let change = |admin_epoch, epoch| {
        Request::Change(Change {
            expectation: Some(Expectation::Configuration { admin_epoch, epoch }),
            ..Change::of(Operation::Bump)
        })
    };
    let one = group.request(0, change(version.admin_epoch, version.epoch));
    let two = group.request(1, change(version.admin_epoch, version.epoch));
    group.settle();
    let outcomes = [group.answer(0, one), group.answer(1, two)];
    let made = |answer: &&Option<&Answer>| matches!(answer, Some(Answer::Changed { .. }));
    assert_eq!(outcomes.iter().filter(made).count(), 1, "{outcomes:?}");
    assert!(outcomes.iter().any(|answer| matches!(
        answer,
        Some(Answer::Refused(Refusal::Change(
            ChangeError::Unexpected { .. }
        )))
    )));
}

#[test]
fn a_disk_that_fails_once_is_tried_again() {
    let mut group = established(2);
    let disk = group.nodes[0].store.as_mut().expect("it runs").disk();
    disk.faults.extend([None, Some(DiskErrorKind::Other)]);
    let change = group.add(0);
    group.settle();
    assert!(group.answer(0, change).is_none());
    let deadline = group.replica(0).deadline().expect("it is tried again");
    group.tick(0, deadline);
    group.settle();
    assert!(group.is_vouched(0, change));
}

#[test]
fn a_change_has_so_many_operations() {
    let mut group = established(1);
    group.allows_refusals = true;
    let change = |count| {
        Request::Change(Change {
            operations: vec![Operation::Bump; count],
            ..Change::default()
        })
    };
    let most = group.request(0, change(MAX_OPERATIONS));
    let more = group.request(0, change(MAX_OPERATIONS + 1));
    group.settle();
    assert!(group.is_vouched(0, most));
    let refused = group.answer(0, more);
    assert!(matches!(refused, Some(Answer::Refused(Refusal::TooLarge))));
}

#[test]
fn an_ancestor_is_remembered_for_so_many_changes() {
    for (changes, is_remembered) in [(HISTORY - 1, true), (HISTORY, false)] {
        let mut group = established(3);
        group.add(0);
        group.settle();
        group.view(&[0], majority(1, 3), 0);
        group.view(&[1, 2], WITH_QUORUM, 0);
        group.settle();
        for _ in 0..changes {
            group.request(1, Request::Change(Change::of(Operation::Bump)));
        }
        group.settle();
        group.view(&[0, 1, 2], WITH_QUORUM, 0);
        group.settle();
        group.check_vouched();
        let is_kept = reported(&group, 0, |it| matches!(it, Report::Lost { .. }));
        assert_eq!(is_kept, !is_remembered, "after {changes} changes");
    }
}

#[test]
fn so_many_changes_wait_for_the_marker() {
    for surplus in [0, 1] {
        let mut group = established(2);
        group.allows_refusals = true;
        // They are not ordered before the next view, where they come before its marker.
        let half = MAX_DEFERRED / 2;
        let mut changes: Vec<_> = (0..half).map(|at| (0, group.note(0, at))).collect();
        changes.extend((0..half + surplus).map(|at| (1, group.note(1, at))));
        group.view(&[0, 1], WITH_QUORUM, 0);
        while group.order(0) || group.order(1) {}
        group.settle();
        let is_refused = |&&(at, change): &&(usize, RequestId)| {
            let answer = group.answer(at, change);
            matches!(answer, Some(Answer::Refused(Refusal::Deferred)))
        };
        assert_eq!(changes.iter().filter(is_refused).count(), surplus);
        let vouched = changes.iter().filter(|(at, it)| group.is_vouched(*at, *it));
        assert_eq!(vouched.count(), MAX_DEFERRED);
    }
}
