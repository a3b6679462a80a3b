use super::*;
use crate::domain::{edit, farmer, keys};
use std::collections::BTreeSet;
use yunlong_formats::{ResidentId, Uscc};

#[test]
fn check_digits_are_those_of_the_known_examples() {
    assert_eq!(uscc("92", "320324", 700).parse::<Uscc>().unwrap().as_str().len(), 18);
    for n in 0..300 {
        uscc("93", "320382", n).parse::<Uscc>().unwrap();
        resident_id("320321", n).parse::<ResidentId>().unwrap();
    }
}

#[test]
fn the_sample_is_sixty_stores_in_seven_counties_with_three_hundred_products_that_may_be_sold() {
    let table = Table::with(&[]);
    let villages = villages(&table);
    assert_eq!(villages.len(), STORES);
    let counties: BTreeSet<&str> = villages.iter().map(|v| &v[..6]).collect();
    assert_eq!(counties.len(), 7);
    let agent = "93320382MA000TX30Q";
    let frame = Frame { table: &table, keys: keys::for_tests(), agent, now: 1_795_478_400_000 };
    let shops: Vec<Shop> = villages.iter().enumerate().map(|(n, v)| shop(n, v, &frame)).collect();
    let (mut ids, mut drawings) = (BTreeSet::new(), BTreeSet::new());
    for s in &shops {
        edit::store(&s.store).unwrap();
        edit::station(&s.station).unwrap();
        let r = farmer::Registration {
            document: s.farmer.document.clone(),
            name: s.farmer.name.clone(),
            phone: s.farmer.phone.clone(),
            village: s.farmer.village.clone(),
        };
        assert_eq!(farmer::check(&r).unwrap().document, s.farmer.document);
        s.store.payee.parse::<Uscc>().unwrap();
        for (p, l, b, _) in &s.goods {
            edit::product(p).unwrap();
            l.buyable(p, b.as_ref(), frame.now).unwrap();
            assert!(b.as_ref().is_none_or(|b| batch::trace_code(&b.id).as_ref() == Some(&b.id)));
            if let Some(b) = b {
                edit::batch(b, Date::at(frame.now)).unwrap();
            }
            assert!(ids.insert(p.id.clone()));
            drawings.insert(p.picture.clone().unwrap().path);
        }
        s.coupon.iter().for_each(|c| edit::coupon(c).unwrap());
    }
    assert_eq!(ids.len(), 300);
    assert_eq!(drawings.len(), 35, "goods of one kind share a drawing");
    for path in drawings {
        let svg = std::fs::read_to_string(format!("{}{path}", env!("CARGO_MANIFEST_DIR"))).unwrap();
        assert!(svg.len() < 4_096 && svg.contains("width=\"320\" height=\"240\""), "{path}");
        assert!(!svg.contains("script") && !svg.contains("href"), "{path} draws, and does nothing else");
    }
    let documents: BTreeSet<&str> = shops.iter().map(|s| s.farmer.document_hash.as_str()).collect();
    assert_eq!(documents.len(), STORES);
}
