//! Which key signs when none is named: the one that there is, or the first, which is made.

use super::{own, public};
use crate::terminal::lang;
use crate::{CliError, config};
use std::path::Path;
use yunlong_registry::{Algorithm, KeyPair, Package, PublicKey};

/// The key that packages are signed with when none is named: the only one of the keys folder, or the vendor's among
/// several. Where there is none yet, one is made for the vendor.
pub(crate) fn signing(vendor: &str) -> Result<KeyPair, CliError> {
    signing_in(&config::keys_dir()?, vendor)
}

fn signing_in(dir: &Path, vendor: &str) -> Result<KeyPair, CliError> {
    // A vendor's name may have dots, a key's has none.
    let own = vendor.replace('.', "-");
    let mut names: Vec<String> = std::fs::read_dir(dir)
        .map_err(CliError::io(dir.display()))?
        .filter_map(|e| Some(e.ok()?.file_name().into_string().ok()?.strip_suffix(".pem")?.to_owned()))
        .collect();
    names.sort();
    let name = match &names[..] {
        [] => return first(&dir.join(format!("{own}.pem")), vendor),
        [only] => only,
        several if several.contains(&own) => &own,
        several => {
            return Err(CliError::usage(
                lang().pick(
                    &format!("有几把密钥，没有一把名为 {own}：{}", several.join("、")),
                    &format!("there are several keys, and none is called {own}: {}", several.join(", ")),
                ),
                lang().pick("用 --key 写明用哪一把", "say which with --key"),
            ));
        }
    };
    let path = dir.join(format!("{name}.pem"));
    eprintln!(
        "{}",
        lang().pick(
            &format!("用密钥 {name} 签名（{}）", path.display()),
            &format!("signing with the key {name} ({})", path.display())
        )
    );
    Ok(KeyPair::load(&path)?)
}

/// Makes the vendor's first key. It is not written over anything, and nobody but its owner can read it.
fn first(path: &Path, vendor: &str) -> Result<KeyPair, CliError> {
    let key = KeyPair::generate(Algorithm::Ed25519);
    key.save(path)?;
    let (id, shown) = (key.public().id(), path.display());
    eprintln!(
        "{}",
        lang().pick(
            &format!("还没有密钥，已为 {vendor} 生成一把：{shown}（{id}）。私钥请自己保管并备份；公钥 {shown}.pub 交给城市登记"),
            &format!("there was no key yet: made one for {vendor}, {shown} ({id}). Keep it to yourself, with a copy; the city enrolls the public key, {shown}.pub"),
        )
    );
    Ok(key)
}

/// The public key that signed a package: that of the key that is named, or else the one of the keys folder.
pub(crate) fn signer(package: &Package, named: Option<&str>) -> Result<PublicKey, CliError> {
    if let Some(key) = named {
        return public(key);
    }
    let signed = |key: &PublicKey| package.signatures.iter().any(|s| s.key.as_ref() == Some(&key.id()));
    own()?.into_iter().map(|(_, key)| key).find(signed).ok_or_else(|| {
        CliError::usage(
            lang().pick(
                "这个包的签名密钥不在您的密钥文件夹里",
                "the key that signed this package is not in your keys folder",
            ),
            lang().pick(
                "用 --key 写明它的名称或文件，或用 yunlong package 重新打包",
                "name it or its file with --key, or make the package again with `yunlong package`",
            ),
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_key_is_made_for_the_vendor_and_later_the_only_one_signs() {
        let dir = tempfile::tempdir().unwrap();
        let made = signing_in(dir.path(), "my.company").unwrap();
        let file = dir.path().join("my-company.pem");
        assert!(dir.path().join("my-company.pem.pub").is_file());
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
        }
        let before = std::fs::read(&file).unwrap();
        let again = signing_in(dir.path(), "another").unwrap();
        assert_eq!(again.public().id(), made.public().id(), "the only key there is");
        assert_eq!(std::fs::read(&file).unwrap(), before, "and none is written over");
    }

    #[test]
    fn among_several_keys_the_vendors_own_signs_and_none_is_guessed() {
        let dir = tempfile::tempdir().unwrap();
        let keys = ["a", "b"].map(|name| {
            let key = KeyPair::generate(Algorithm::Ed25519);
            key.save(&dir.path().join(format!("{name}.pem"))).unwrap();
            key.public().id()
        });
        assert_eq!(signing_in(dir.path(), "b").unwrap().public().id(), keys[1]);
        let refused = signing_in(dir.path(), "c").unwrap_err();
        assert!(refused.next().contains("--key"), "{refused}");
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 4, "nothing is made where it is not clear");
    }
}
