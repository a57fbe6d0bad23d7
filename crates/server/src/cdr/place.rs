//! In which country a number is, as reports say it.

use engine::stats::Place;
use isocountry::CountryCode;
use model::E164;

use crate::numbers::Numbers;

/// Nothing for a calling code that nobody has. Numbers of the whole world have a code and no country's name.
pub(super) fn place(number: E164) -> Option<Place> {
    let code = Numbers::calling_code(number)?;
    let country = Numbers::country_of(number);
    let name = match country {
        Some(country) => name(&country.to_string()),
        None => "International".to_owned(),
    };
    Some(Place {
        code: format!("+{code}").into(),
        name: name.into(),
    })
}

fn name(code: &str) -> String {
    match CountryCode::for_alpha2(code) {
        Ok(country) => country.name().to_owned(),
        // Younger than the list, or of no ISO list, such as Kosovo's XK.
        Err(_) => code.to_owned(),
    }
}
