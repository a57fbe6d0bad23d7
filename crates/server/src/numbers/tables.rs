//! What is known of numbers all over the world, in tables.
#![allow(clippy::unwrap_used)]

use model::Digits;

use super::{Destination, NotADestination as No, Numbers};

fn numbers(country: &str) -> Numbers {
    match country {
        "" => Numbers::default(),
        country => Numbers::new(country).unwrap(),
    }
}

#[test]
fn every_number_has_its_place() {
    // Number, country, calling code, area code, region.
    for (number, country, calling_code, area_code, region) in [
        ("+12125550147", "US", 1, "212", "NY"),
        ("+12035550147", "US", 1, "203", "CT"),
        ("+12025550147", "US", 1, "202", "DC"),
        ("+18005550147", "US", 1, "800", ""),
        ("+14155550100", "US", 1, "415", "CA"),
        ("+14165550147", "CA", 1, "416", "ON"),
        ("+19025550147", "CA", 1, "902", "NS/PE"),
        ("+18765550147", "JM", 1, "876", ""),
        ("+17875550147", "PR", 1, "787", ""),
        ("+15555550147", "US", 1, "555", ""),
        ("+442079460018", "GB", 44, "20", "London"),
        ("+441214960018", "GB", 44, "121", "Birmingham"),
        ("+447400123456", "GB", 44, "", ""),
        ("+447700900123", "GB", 44, "", ""),
        ("+441481256789", "GG", 44, "1481", "Guernsey"),
        ("+441534234567", "JE", 44, "1534", "Jersey"),
        ("+447797712345", "JE", 44, "", ""),
        ("+441624756789", "IM", 44, "1624", "Isle of Man"),
        ("+4930123456", "DE", 49, "30", "Berlin"),
        ("+498912345678", "DE", 49, "89", "Munich"),
        ("+4915123456789", "DE", 49, "", ""),
        ("+421221234567", "SK", 421, "2", "Bratislava"),
        ("+421552345678", "SK", 421, "55", "Kosice"),
        ("+421905123456", "SK", 421, "", ""),
        ("+420221234567", "CZ", 420, "", "Prague"),
        ("+420601123456", "CZ", 420, "", ""),
        ("+33145345678", "FR", 33, "1", "Paris"),
        ("+33612345678", "FR", 33, "", ""),
        ("+390612345678", "IT", 39, "06", "Rome"),
        ("+390669812345", "VA", 39, "06", "Vatican City"),
        ("+393123456789", "IT", 39, "", ""),
        ("+34912345678", "ES", 34, "", "Madrid"),
        ("+34612345678", "ES", 34, "", ""),
        ("+37167123456", "LV", 371, "", "Riga"),
        ("+37121234567", "LV", 371, "", ""),
        ("+551123456789", "BR", 55, "11", "SP"),
        ("+5511961234567", "BR", 55, "11", "SP"),
        ("+552123456789", "BR", 55, "21", "RJ"),
        ("+911123456789", "IN", 91, "11", "New Delhi"),
        ("+918123456789", "IN", 91, "", ""),
        ("+61212345678", "AU", 61, "2", "New South Wales"),
        ("+61412345678", "AU", 61, "", ""),
        ("+77172123456", "KZ", 7, "7172", "Astana"),
        ("+77011234567", "KZ", 7, "", ""),
        ("+74951234567", "RU", 7, "495", "Moscow"),
        ("+79161234567", "RU", 7, "", ""),
        ("+80012345678", "", 800, "", ""),
    ] {
        let e164 = number.parse().unwrap();
        let place = Numbers::place(e164);
        let text =
            |code: Option<model::Country>| code.map_or_else(String::new, |code| code.to_string());
        assert_eq!(text(place.country), country, "{number}");
        assert_eq!(Numbers::calling_code(e164), Some(calling_code), "{number}");
        let code = place
            .area_code
            .map_or_else(String::new, |code| code.to_string());
        assert_eq!(code, area_code, "{number}");
        assert_eq!(place.region.as_deref().unwrap_or(""), region, "{number}");
        assert_eq!(format!("+{calling_code}{}", place.national), number);
    }
    assert_eq!(
        Numbers::place("+99912345678".parse().unwrap()),
        model::Place::default()
    );
}

#[test]
fn a_destination_is_read_in_every_notation() {
    // Configured country, texts, E.164.
    let table: [(&str, &[&str], &str); 24] = [
        (
            "",
            &[
                "2125550147",
                "12125550147",
                "+12125550147",
                "+1 (212) 555-0147",
                "212.555.0147",
                "1-212-555-0147;ext=12",
                "2125550147x12",
                "212 555 0147 ext. 12",
                " 12125550147",
                "01112125550147",
                "0012125550147",
            ],
            "+12125550147",
        ),
        (
            "",
            &["00421221234567", "011 421 2 2123 4567", "421221234567"],
            "+421221234567",
        ),
        ("", &["+37167123456", "37167123456"], "+37167123456"),
        ("", &["0905123456"], "+10905123456"),
        ("US", &["2125550147", "+1-212-555-0147"], "+12125550147"),
        (
            "US",
            &["011442079460018", "+44 (0)20 7946 0018", "442079460018"],
            "+442079460018",
        ),
        ("CA", &["4165550147", "1 416 555 0147"], "+14165550147"),
        ("JM", &["8765550147", "18765550147"], "+18765550147"),
        (
            "GB",
            &["020 7946 0018", "+442079460018", "00442079460018"],
            "+442079460018",
        ),
        ("GB", &["0012125550147", "+12125550147"], "+12125550147"),
        (
            "DE",
            &["030 123456", "+4930123456", "004930123456"],
            "+4930123456",
        ),
        ("DE", &["030/123456"], "+4930123456"),
        (
            "SK",
            &["02/2123 4567", "0221234567", "221234567", "421221234567"],
            "+421221234567",
        ),
        (
            "SK",
            &["0905 123 456", "905123456", "00421905123456"],
            "+421905123456",
        ),
        ("CZ", &["221 234 567", "+420221234567"], "+420221234567"),
        ("FR", &["01 42 34 56 78", "0033142345678"], "+33142345678"),
        ("IT", &["06 1234 5678", "+39 06 12345678"], "+390612345678"),
        ("ES", &["912 345 678", "0034912345678"], "+34912345678"),
        (
            "LV",
            &["67123456", "6712 3456", "+371 67123456"],
            "+37167123456",
        ),
        ("LV", &["+12125550147", "0012125550147"], "+12125550147"),
        (
            "BR",
            &["11 2345 6789", "(11) 2345-6789", "011 2345 6789"],
            "+551123456789",
        ),
        ("IN", &["011 2345 6789", "+911123456789"], "+911123456789"),
        (
            "AU",
            &["02 1234 5678", "0011 61 2 1234 5678"],
            "+61212345678",
        ),
        ("AU", &["0011 1 212 555 0147"], "+12125550147"),
    ];
    for (country, texts, e164) in table {
        for text in texts {
            let read = numbers(country).destination(text);
            let wanted = Ok(Destination::Number(e164.parse().unwrap()));
            assert_eq!(read, wanted, "{text:?} in {country:?}");
        }
    }
}

#[test]
fn what_is_no_destination_says_why() {
    let sk = model::Country::new("SK").unwrap();
    for (country, text, why) in [
        ("", "", No::Empty),
        ("", "anonymous", No::Letter('a')),
        ("", "1-800-FLOWERS", No::Letter('F')),
        ("", "２１２５５５０１４７", No::ForeignDigit('２')),
        ("", "2125550147@example.org", No::Character('@')),
        ("", "212555\u{1b}0147", No::Character('\u{1b}')),
        ("", "212555\u{202e}0147", No::Character('\u{202e}')),
        ("SK", "0050000000", No::NotOf(sk)),
        ("", "+", No::Empty),
        ("", "+0421221234567", No::UnknownCountryCode),
        ("SK", "+0221234567", No::UnknownCountryCode),
        ("", "+42 2 2123 45678", No::UnknownCountryCode),
        ("", "123", No::TooFewDigits(3)),
        ("", "5550147", No::TooFewDigits(7)),
        ("US", "5550147", No::TooFewDigits(7)),
        ("", "212555014", No::TooFewDigits(9)),
        ("SK", "123", No::NotOf(sk)),
        ("SK", "22123456", No::NotOf(sk)),
        ("SK", "99999999999999", No::NotOf(sk)),
        ("", "1234567890123456", No::TooManyDigits(16)),
        (
            "",
            "9999999999999999999999999999999999999999",
            No::TooManyDigits(40),
        ),
        ("", "+999 123 456 789", No::UnknownCountryCode),
        ("", "+421 2", No::TooFewDigits(4)),
        ("", "+421 2 2123 4567 890", No::NotInternational),
    ] {
        let read = numbers(country).destination(text);
        assert_eq!(read, Err(why), "{text:?} in {country:?}");
    }
    for long in [
        "2".repeat(1000),
        " 2".repeat(500),
        "+".repeat(1000),
        "ž".repeat(1000),
    ] {
        assert_eq!(numbers("").destination(&long), Err(No::TooLong));
    }
    let words = numbers("").destination("5550147").unwrap_err().to_string();
    assert_eq!(words, "needs at least 10 digits; it has 7");
}

#[test]
fn a_call_for_help_is_recognised_however_it_is_written() {
    for (country, text, digits) in [
        ("", "911", "911"),
        ("", "9-1-1", "911"),
        ("", " +112 ", "112"),
        ("", "999;ext=1", "999"),
        ("SK", "155", "155"),
        ("AU", "000", "000"),
        ("FR", "15", "15"),
    ] {
        let wanted = Destination::Emergency(Digits::new(digits).unwrap());
        assert_eq!(numbers(country).destination(text), Ok(wanted), "{text}");
    }
    assert_eq!(numbers("").destination("155"), Err(No::TooFewDigits(3)));
}

#[test]
fn one_own_number_is_one_number_in_any_notation() {
    for (text, presented) in [
        ("+1 212-555-0147", "+12125550147"),
        ("1 (212) 555-0147", "12125550147"),
        ("212.555.0147", "2125550147"),
    ] {
        let own = numbers("").caller_id(text, None).unwrap();
        assert_eq!(own.number, presented);
        assert_eq!(own.e164.to_string(), "+12125550147");
        assert_eq!(own.country.as_deref(), Some("US"));
        assert_eq!(own.calling_code, Some(1));
        assert_eq!(own.region.as_deref(), Some("NY"));
        assert_eq!(own.area_code.as_deref(), Some("212"));
    }
    let own = numbers("SK").caller_id("02/2123 4567", Some("")).unwrap();
    assert_eq!(
        (own.number.as_str(), own.area_code.as_deref()),
        ("0221234567", Some("2"))
    );
    let own = numbers("SK")
        .caller_id("0905 123 456", Some(" 090 "))
        .unwrap();
    assert_eq!(
        own.area_code.as_deref(),
        Some("090"),
        "the administrator's word"
    );
}

#[test]
fn what_is_no_own_number_names_the_field() {
    for (text, area_code, problem) in [
        ("911", None, "number: is an emergency number"),
        (
            "5550147",
            None,
            "number: needs at least 10 digits; it has 7",
        ),
        ("", None, "number: has no digits"),
        ("2125550147", Some("21a"), "area_code: is not 1 to 8 digits"),
        (
            "2125550147",
            Some("123456789"),
            "area_code: is not 1 to 8 digits",
        ),
    ] {
        let refused = numbers("").caller_id(text, area_code).unwrap_err();
        assert_eq!(refused.to_string(), problem);
    }
    let refused = numbers("").caller_id("2125550147x12", None).unwrap_err();
    assert!(refused.to_string().contains("letter 'x'"), "{refused}");
}

#[test]
fn every_region_is_a_label_that_a_caller_id_can_have() {
    let plan = include_str!("plan/regions.txt");
    for (region, _) in plan.lines().filter_map(|line| line.split_once('\t')) {
        model::checked_label("region", region).unwrap();
    }
}
