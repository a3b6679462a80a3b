//! The demo's citizens: invented, the same at every start, with numbers that pass every check.
//!
//! citizen-005, -015, … are 60 to 64 years old, citizen-010, -020, … 65 or older, citizen-009, -019,
//! … minors; the others are adults. (As of 2026; the dates of birth are fixed.)

use yunlong_formats::{Mobile, ResidentId};
use yunlong_identity::Attributes;

const SURNAMES: &[char] = &[
    '王', '李', '张', '刘', '陈', '杨', '赵', '黄', '周', '吴', '徐', '孙', '胡', '朱', '高', '林', '何', '郭', '马',
    '罗', '梁', '宋', '郑', '谢', '韩', '唐', '冯', '于', '董', '萧', '程', '曹', '袁', '邓', '许', '傅', '沈', '曾',
    '彭', '吕',
];
const GIVEN: &[char] = &[
    '伟', '芳', '娜', '敏', '静', '丽', '强', '磊', '军', '洋', '勇', '艳', '杰', '娟', '涛', '明', '超', '秀', '霞',
    '平', '刚', '桂', '英', '华', '玉', '兰', '建', '国', '文', '海', '云', '龙', '山', '雪', '梅', '春', '晨', '宇',
    '轩', '涵', '欣', '怡', '佳', '浩', '然', '思', '诗', '雨', '晓', '东', '宁', '安', '康', '乐', '瑞', '祥', '志',
    '远', '清', '越', '嘉',
];
/// Xuzhou's counties, and one that was abolished in 2010: its people keep their numbers.
const AREAS: &[&str] =
    &["320302", "320303", "320305", "320311", "320312", "320321", "320322", "320324", "320381", "320382", "320323"];

/// The account's name: `citizen-001`.
pub(crate) fn account(n: u32) -> String {
    format!("citizen-{n:03}")
}

/// Who `citizen-n` is. `None` only where `n` is so large that the numbers run out.
pub(crate) fn person(n: u32) -> Option<Attributes> {
    Some(Attributes {
        real_name: Some(name(n)),
        resident_id: Some(ResidentId::parse(&resident_id(n)).ok()?),
        mobile: Some(Mobile::parse(&format!("199000{n:05}")).ok()?),
    })
}

/// Steps through lists of different lengths so that neighbours look different.
fn pick<T: Copy>(list: &[T], n: u32, step: u32) -> T {
    list[(n.wrapping_mul(step) as usize) % list.len()]
}

fn name(n: u32) -> String {
    let mut name = String::from(pick(SURNAMES, n, 7));
    name.push(pick(GIVEN, n, 11));
    // Every third has a given name of one character.
    if !n.is_multiple_of(3) {
        name.push(pick(GIVEN, n / 3 + 5, 17));
    }
    name
}

fn resident_id(n: u32) -> String {
    let (first, span) = match n % 10 {
        0 => (1938, 20),
        5 => (1962, 3),
        9 => (2012, 8),
        _ => (1970, 34),
    };
    let year = first + (n / 10 + n) % span;
    let number = format!("{}{year:04}{:02}{:02}{:03}", pick(AREAS, n, 3), n * 5 % 12 + 1, n * 11 % 28 + 1, n % 1000);
    format!("{number}{}", check_digit(&number))
}

/// GB 11643, appendix: weights and characters of ISO 7064 MOD 11-2.
fn check_digit(number: &str) -> char {
    const WEIGHTS: [u32; 17] = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
    let sum: u32 = number.chars().filter_map(|c| c.to_digit(10)).zip(WEIGHTS).map(|(d, w)| d * w).sum();
    b"10X98765432".get((sum % 11) as usize).copied().map_or('X', char::from)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn six_hundred_people_are_valid_and_different() {
        let people: Vec<_> = (1..=600).map(|n| person(n).unwrap()).collect();
        let distinct = |f: fn(&Attributes) -> String| people.iter().map(f).collect::<BTreeSet<_>>().len();
        assert_eq!(distinct(|p| p.resident_id.as_ref().unwrap().to_string()), 600);
        assert_eq!(distinct(|p| p.mobile.as_ref().unwrap().to_string()), 600);
        assert!(distinct(|p| p.real_name.clone().unwrap()) > 550);
        assert_eq!(people[0].mobile.as_ref().unwrap().to_string(), "19900000001");
        assert_eq!((account(1), account(600)), ("citizen-001".into(), "citizen-600".into()));
    }

    #[test]
    fn ages_follow_the_last_digit() {
        for n in 1..=600 {
            let year: u32 = resident_id(n)[6..10].parse().unwrap();
            let age = 2026 - year;
            match n % 10 {
                0 => assert!((66..=90).contains(&age), "{n}: {age}"),
                5 => assert!((62..=64).contains(&age), "{n}: {age}"),
                9 => assert!(age < 18, "{n}: {age}"),
                _ => assert!((20..=59).contains(&age), "{n}: {age}"),
            }
        }
    }

    #[test]
    fn people_are_the_same_at_every_start() {
        assert_eq!(person(1), person(1));
        assert_eq!(check_digit("32030219900101999"), '9');
    }
}
