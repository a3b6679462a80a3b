//! Tickets.

use crate::city::{City, LI_HUA, WANG};
use proptest::prelude::*;
use yunlong_files::{FileError, NewTicket, TicketError};

fn wanted() -> NewTicket {
    NewTicket {
        area: "photos".into(),
        max_bytes: None,
        accept: vec![],
        max_files: 3,
        return_path: "/reports?from=form".into(),
    }
}

#[tokio::test]
async fn a_ticket_counts_for_its_person_its_installation_and_its_time() {
    let city = City::in_memory();
    let (token, issued) = city.files.issue(city.owner(), LI_HUA, wanted()).unwrap();
    assert_eq!((issued.max_bytes, issued.accept.len()), (20 << 20, 2));
    let show = |who: Option<&str>, at: &str| city.files.ticket(&token, &at.parse().unwrap(), who);
    assert_eq!(show(Some(LI_HUA), "potholes"), Ok(issued));
    assert_eq!(show(Some(WANG), "potholes"), Err(TicketError::OtherPerson));
    assert_eq!(show(None, "potholes"), Err(TicketError::OtherPerson));
    assert_eq!(show(Some(LI_HUA), "other"), Err(TicketError::OtherInstallation));
    city.clock.advance(yunlong_files::TICKET_MILLIS);
    assert_eq!(show(Some(LI_HUA), "potholes"), Err(TicketError::Expired));
}

#[tokio::test]
async fn a_ticket_narrows_its_area_and_never_widens_it() {
    let city = City::in_memory();
    let narrow = NewTicket { max_bytes: Some(5), accept: vec!["image/jpeg".into()], ..wanted() };
    let (_, issued) = city.files.issue(city.owner(), LI_HUA, narrow).unwrap();
    assert_eq!((issued.max_bytes, issued.accept), (5, vec!["image/jpeg".to_owned()]));
    let wide = NewTicket { max_bytes: Some(u64::MAX), ..wanted() };
    assert_eq!(city.files.issue(city.owner(), LI_HUA, wide).unwrap().1.max_bytes, 20 << 20);
    for bad in [
        NewTicket { accept: vec!["text/html".into()], ..wanted() },
        NewTicket { max_files: 0, ..wanted() },
        NewTicket { max_files: 21, ..wanted() },
        NewTicket { max_bytes: Some(0), ..wanted() },
        NewTicket { return_path: "//evil.example".into(), ..wanted() },
        NewTicket { return_path: "https://evil.example".into(), ..wanted() },
        NewTicket { return_path: "/_city/sign-out".into(), ..wanted() },
        NewTicket { return_path: "/a\r\nb".into(), ..wanted() },
    ] {
        let refused = city.files.issue(city.owner(), LI_HUA, bad.clone());
        assert!(matches!(refused, Err(FileError::Invalid(_))), "{bad:?}: {refused:?}");
    }
    let none = NewTicket { area: "videos".into(), ..wanted() };
    assert!(matches!(city.files.issue(city.owner(), LI_HUA, none), Err(FileError::Undeclared(_))));
}

proptest! {
    #[test]
    fn a_changed_token_is_none(at in 0_usize..200, by in 1_u8..64) {
        let city = City::in_memory();
        let (token, _) = city.files.issue(city.owner(), LI_HUA, wanted()).unwrap();
        let mut bytes = data_encoding::BASE64URL_NOPAD.decode(token.as_bytes()).unwrap();
        let at = at % bytes.len();
        bytes[at] ^= by;
        let forged = data_encoding::BASE64URL_NOPAD.encode(&bytes);
        let shown = city.files.ticket(&forged, &city.name, Some(LI_HUA));
        prop_assert_eq!(shown, Err(TicketError::Forged));
    }
}
