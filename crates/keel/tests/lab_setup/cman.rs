//! The cluster of Abiquo's guide: a cluster.conf of CMAN that is made on one machine and copied to the
//! other, and services that are started by their init scripts.

use testing_support::eventually;

use crate::machines::Machines;

const BOTH: [&str; 2] = ["rsha1", "rsha2"];

#[test]
fn a_file_of_cman_that_is_copied_is_a_cluster() {
    let Some(lab) = Machines::bare(&BOTH) else {
        return;
    };
    for line in [
        "ccs -f /etc/cluster/cluster.conf --createcluster pacemaker1",
        "ccs -f /etc/cluster/cluster.conf --addnode rsha1",
        "ccs -f /etc/cluster/cluster.conf --addnode rsha2",
        "ccs -f /etc/cluster/cluster.conf --addfencedev pcmk agent=fence_pcmk",
        "ccs -f /etc/cluster/cluster.conf --addmethod pcmk-redirect rsha1",
        "ccs -f /etc/cluster/cluster.conf --addmethod pcmk-redirect rsha2",
        "ccs -f /etc/cluster/cluster.conf --addfenceinst pcmk rsha1 pcmk-redirect port=rsha1",
        "ccs -f /etc/cluster/cluster.conf --addfenceinst pcmk rsha2 pcmk-redirect port=rsha2",
        "sed -i 's|<cman/>|<cman two_node=\"1\" expected_votes=\"1\"/>|' /etc/cluster/cluster.conf",
    ] {
        lab.does("rsha1", line);
    }
    let mode = lab.does("rsha1", "stat -c %a /etc/cluster/cluster.conf");
    assert_eq!(mode, "600\n");
    let shared = lab.shared();
    lab.does(
        "rsha1",
        &format!("cp -p /etc/cluster/cluster.conf {shared}"),
    );
    lab.does(
        "rsha2",
        &format!("cp -p {shared}/cluster.conf /etc/cluster"),
    );

    lab.fails("rsha1", "service cman status", "cman is stopped");
    for line in [
        "service cman start",
        "service pacemaker start",
        "service cman status",
    ] {
        for node in BOTH {
            lab.does(node, line);
        }
    }
    // The scripts are started without the environment of whoever calls them.
    let ask = "unset KEEL_CLUSTER_SOCKET;";
    let together = || {
        eventually("both are members", || {
            let said = BOTH.map(|node| lab.does(node, &format!("{ask} pcs quorum status")));
            let are =
                |said: &String| said.contains("Nodes:            2\n") && said.contains("Yes");
            said.iter().all(are).then_some(())
        });
    };
    together();
    lab.does(
        "rsha1",
        &format!("{ask} pcs property set no-quorum-policy=ignore"),
    );
    eventually("the other has it", || {
        let said = lab.does("rsha2", &format!("{ask} pcs property"));
        said.contains("no-quorum-policy: ignore").then_some(())
    });
    for line in ["service pacemaker stop", "service cman stop"] {
        lab.does("rsha1", line);
    }
    lab.fails(
        "rsha1",
        &format!("{ask} pcs status"),
        "Error: cluster is not currently running on this node",
    );
    lab.does("rsha1", "service pacemaker start");
    together();
    lab.does("rsha1", "keel pcsd stop");
    lab.fails("rsha1", "keel pcsd status", "pcsd is stopped");
    together();
    lab.does("rsha1", "service cman status");
}
