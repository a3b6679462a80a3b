//! Accounts and organizations.

#![allow(clippy::unwrap_used, reason = "a helper that panics fails its test")]

mod common;

use common::*;
use yunlong_identity::{
    Attributes, IdentityError, NewAccount, Organization, OrganizationLevel, PlatformRole, SessionOrigin,
    XUZHOU_DIVISIONS,
};
use yunlong_model::{Lang, Presentation};

fn field(e: &IdentityError) -> &str {
    match e {
        IdentityError::Invalid { field, problem } => {
            assert!(!problem.zh.is_empty() && !problem.en.is_empty());
            field
        }
        other => panic!("{other}"),
    }
}

#[tokio::test]
async fn every_refused_field_is_named() {
    let city = city().await;
    for (new, want) in [
        (citizen("ab"), "name"),
        (citizen("Citizen"), "name"),
        (citizen("1citizen"), "name"),
        (citizen("citizen-"), "name"),
        (citizen("citizen 1"), "name"),
        (citizen("市民一号"), "name"),
        (citizen(&"a".repeat(41)), "name"),
        (NewAccount { password: "short".into(), ..citizen("citizen-1") }, "password"),
        (NewAccount { password: "citizen-1".into(), ..citizen("citizen-1") }, "password"),
        (NewAccount { password: "x".repeat(257).into(), ..citizen("citizen-1") }, "password"),
        (NewAccount { platform_roles: vec![PlatformRole::SystemAdmin], ..citizen("citizen-1") }, "platform_roles"),
        (NewAccount { organization: None, ..official("official-1", "", &[]) }, "organization"),
        (
            NewAccount {
                attributes: Attributes { real_name: Some(" ".into()), ..Attributes::default() },
                ..citizen("citizen-1")
            },
            "real_name",
        ),
    ] {
        let e = city.identity.create_account(new).await.unwrap_err();
        assert_eq!(field(&e), want);
    }
    let e = city.identity.create_account(official("official-1", "320399", &[])).await.unwrap_err();
    assert_eq!(e, IdentityError::NoSuchOrganization("320399".into()));
    assert!(!city.stored().await.contains("official-1"));
}

#[tokio::test]
async fn a_name_and_a_resident_id_belong_to_one_account() {
    let city = city().await;
    city.account(with_attributes("citizen-1")).await;
    assert_eq!(
        city.identity.create_account(citizen("citizen-1")).await,
        Err(IdentityError::NameTaken("citizen-1".into()))
    );
    assert_eq!(city.identity.create_account(with_attributes("citizen-2")).await, Err(IdentityError::ResidentIdTaken));
    assert_eq!(city.identity.account("citizen-2").await.unwrap(), None);
}

#[tokio::test]
async fn of_two_racing_accounts_with_one_resident_id_one_is_created() {
    let city = city().await;
    let (a, b) = tokio::join!(
        city.identity.create_account(with_attributes("citizen-1")),
        city.identity.create_account(with_attributes("citizen-2"))
    );
    assert!(a.is_ok() != b.is_ok(), "{a:?} {b:?}");
}

#[tokio::test]
async fn a_password_is_stored_as_argon2id_alone_and_a_resident_id_is_no_key() {
    let city = city().await;
    city.account(with_attributes("citizen-1")).await;
    let stored = city.stored().await;
    assert!(stored.contains("$argon2id$v=19$") && !stored.contains(PASSWORD));
    assert!(stored.lines().all(|l| !l.split(" = ").next().unwrap().contains(ID)));
}

#[tokio::test]
async fn debug_shows_no_personal_data() {
    let shown = format!("{:?}", with_attributes("citizen-1"));
    assert!(
        !shown.contains(ID) && !shown.contains("19900000001") && !shown.contains("云小龙") && !shown.contains(PASSWORD),
        "{shown}"
    );
    assert!(shown.contains("3203**********9999") && shown.contains("云**"), "{shown}");
}

#[tokio::test]
async fn many_accounts_are_created_once() {
    let city = city().await;
    let all = || (1..=450).map(|i| citizen(&format!("citizen-{i:03}"))).collect::<Vec<_>>();
    assert_eq!(city.identity.create_accounts(all()).await.unwrap(), 450);
    assert_eq!(city.identity.create_accounts(all()).await.unwrap(), 0);
    assert_eq!(city.identity.accounts(Some("citizen-448"), 10).await.unwrap().len(), 2);
    city.sign_in("citizen-450", SessionOrigin::Portal).await;
    let hashes: std::collections::BTreeSet<_> = city
        .stored()
        .await
        .lines()
        .filter(|l| l.contains("$argon2id$"))
        .map(|l| l.split(" = ").nth(1).unwrap().to_owned())
        .collect();
    assert_eq!(hashes.len(), 450, "each has a salt of its own");
}

#[tokio::test]
async fn preferences_are_kept() {
    let city = city().await;
    city.account(citizen("citizen-1")).await;
    assert_eq!(city.identity.preferences("citizen-1").await.unwrap(), None);
    let wanted = Presentation { lang: Lang::En, elder: true };
    city.identity.set_preferences("citizen-1", wanted).await.unwrap();
    assert_eq!(city.identity.preferences("citizen-1").await.unwrap(), Some(wanted));
    let city = city.restarted().await;
    assert_eq!(city.identity.preferences("citizen-1").await.unwrap(), Some(wanted));
    assert!(city.identity.set_preferences("citizen-9", wanted).await.is_err());
}

#[tokio::test]
async fn the_divisions_of_xuzhou_form_a_tree() {
    let city = city().await;
    assert_eq!(city.identity.import_divisions(XUZHOU_DIVISIONS).await.unwrap(), 3_010);
    let seq = *city.store.watch().borrow();
    assert_eq!(city.identity.import_divisions(XUZHOU_DIVISIONS).await.unwrap(), 3_010);
    assert_eq!(*city.store.watch().borrow(), seq, "the same table again changes nothing");

    let city = city.restarted().await;
    let counties = city.identity.children("320300").await.unwrap();
    assert_eq!(counties.len(), 11);
    assert!(counties.iter().any(|c| c.code == "320371"));
    let town = city.identity.organization("320303003").await.unwrap().unwrap();
    assert_eq!((town.level, town.parent.as_deref()), (OrganizationLevel::Town, Some("320303")));
    let found = city.identity.search("云龙").await.unwrap();
    assert_eq!((found[0].code.as_str(), found[0].name.as_str()), ("320303", "云龙区"));
    assert!(city.identity.search(" ").await.unwrap().is_empty());
}

#[tokio::test]
async fn validity_dates_are_kept_when_a_later_table_gives_none() {
    let city = city().await;
    let dated = "code,level,name,parent,valid_from,valid_to\n320323,county,铜山县,320300,,2010-09-22\n320312,county,铜山区,320300,2010-09-22,\n";
    city.identity.import_divisions(dated).await.unwrap();
    city.identity.import_divisions("code,level,name,parent\n320312,county,铜山区,320300\n").await.unwrap();
    let old = city.identity.organization("320323").await.unwrap().unwrap();
    let new = city.identity.organization("320312").await.unwrap().unwrap();
    let (before, after) = ("2010-09-21".parse().unwrap(), "2010-09-22".parse().unwrap());
    assert!(old.valid_on(before) && !old.valid_on(after));
    assert!(!new.valid_on(before) && new.valid_on(after));
}

#[tokio::test]
async fn a_wrong_table_is_refused_with_its_line_and_changes_nothing() {
    let city = city().await;
    let seq = *city.store.watch().borrow();
    for (table, want) in [
        ("code,name,parent\n", "level"),
        ("code,level,name,parent\n320302,county,鼓楼区,320300\n3203,town,x,320302\n", "line 3, code"),
        ("code,level,name,parent\n320302,county,,320300\n", "line 2, name"),
        ("code,level,name,parent\n320302,kreis,鼓楼区,320300\n", "line 2, level"),
        ("code,level,name,parent\n320302,county,鼓楼区,320400\n", "line 2, parent"),
        ("code,level,name,parent\n320302,county,a,320300\n320302,county,b,320300\n", "line 3, code"),
        ("code,level,name,parent,valid_from\n320302,county,a,320300,2010\n", "line 2, valid_from"),
        ("code,level,name,parent\n320302,county\n", "csv"),
    ] {
        let e = city.identity.import_divisions(table).await.unwrap_err();
        assert_eq!(field(&e), want, "{table}");
    }
    assert_eq!(*city.store.watch().borrow(), seq);
}

#[tokio::test]
async fn a_department_has_a_uscc_and_a_place_in_the_tree() {
    let city = city().await;
    let department = |code: &str, parent: &str| Organization {
        code: code.into(),
        level: OrganizationLevel::Department,
        name: "徐州市文化广电和旅游局".into(),
        parent: Some(parent.into()),
        valid_from: None,
        valid_to: None,
    };
    city.identity.add_organization(department("11320300MB000TX42P", "320300"), "city-admin").await.unwrap();
    assert_eq!(
        field(
            &city
                .identity
                .add_organization(department("11320300MB000TX42A", "320300"), "city-admin")
                .await
                .unwrap_err()
        ),
        "code"
    );
    assert!(matches!(
        city.identity.add_organization(department("12320300MB000TX50F", "1"), "city-admin").await,
        Err(IdentityError::NoSuchOrganization(_))
    ));
    assert_eq!(
        field(
            &city
                .identity
                .add_organization(department("11320300MB000TX42P", "11320300MB000TX42P"), "city-admin")
                .await
                .unwrap_err()
        ),
        "parent"
    );

    city.account(official("admin-1", "11320300MB000TX42P", &[PlatformRole::DepartmentAdmin])).await;
    city.account(official("admin-2", "320300", &[PlatformRole::DepartmentAdmin])).await;
    city.account(official("admin-3", "320302", &[PlatformRole::SystemAdmin])).await;
    city.account(official("official-4", "320300", &[])).await;
    let may = async |name: &str, code: &str| {
        let (_, session) = city.sign_in(name, SessionOrigin::Console).await;
        city.identity.may_administer(&session, code)
    };
    assert!(
        may("admin-1", "11320300MB000TX42P").await
            && !may("admin-1", "320300").await
            && !may("admin-1", "320302").await
    );
    assert!(
        may("admin-2", "11320300MB000TX42P").await && may("admin-2", "320302").await && !may("admin-2", "320000").await
    );
    assert!(may("admin-3", "320303").await);
    assert!(!may("official-4", "320300").await);
}
