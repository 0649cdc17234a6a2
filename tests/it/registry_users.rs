//! Layers of a registry's images that another user has put into Keep: what of his word is believed.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, chown};

use crate::registry_layers::{answer, blocks_read, lean, serve, upload};
use crate::support::{Account, Cluster};

/// An account that nobody here has.
const NOBODY: u32 = 65534;

#[test]
fn what_another_user_has_noted_is_not_believed_and_what_is_read_of_his_blocks_is() {
    let cluster = Cluster::start();
    let owner = Account::usual(&cluster);
    let project = owner.make_public_project("lab");
    let of_owner = owner.environment();
    let _ = upload(&of_owner, &serve(&lean(4)), &["--project-uuid", &project]).success();
    let record = "cache/arvados/docker/layers.record";
    let noted = fs::read(of_owner.home().join(record)).unwrap();

    let reader = Account::further(&cluster, "reader");
    // Written by whom it may, or by another account of the machine, which only root can show.
    let is_root = rustix::process::geteuid().is_root();
    for (number, mode, account) in [(5, 0o666, None), (8, 0o600, Some(NOBODY)), (9, 0o600, None)] {
        if account.is_some() && !is_root {
            continue;
        }
        let environment = reader.environment();
        let file = environment.home().join(record);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(&file, &noted).unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(mode)).unwrap();
        chown(&file, account, None).unwrap();
        let is_believed = mode == 0o600 && account.is_none();
        let registry = serve(&lean(number));
        cluster.log().clear();
        let output = upload(&environment, &registry, &[]);
        let _ = answer(&output);
        // The two layers that both images have are in Keep, whoever knows of it.
        assert_eq!(registry.fetched(), [2], "{output}");
        let reads = if is_believed { 0 } else { 2 };
        assert_eq!(
            blocks_read(&cluster),
            reads,
            "{mode:o} {account:?}: {output}"
        );
        // Once, with the file.
        let words = format!("`{}` is not used", file.display());
        let told = output.stderr.matches(&words).count();
        assert_eq!(told, usize::from(!is_believed), "{output}");
        if !is_believed {
            assert_eq!(fs::read(&file).unwrap(), noted, "it is left alone");
        }
    }
    // Without a word of anybody the blocks are read, and then this user knows of himself.
    let environment = reader.environment();
    for (number, reads) in [(6, 2), (7, 0)] {
        let registry = serve(&lean(number));
        cluster.log().clear();
        let output = upload(&environment, &registry, &[]);
        let _ = answer(&output);
        assert_eq!(registry.fetched(), [2], "{output}");
        assert_eq!(blocks_read(&cluster), reads, "{number}: {output}");
    }
}
