//! `lab prepare`: fills the cache.

use std::process::ExitCode;

use cordboard_lab::{Release, Result, Services, requirements, root};

pub(super) async fn run(release: Option<Release>) -> Result<ExitCode> {
    requirements()?;
    let wanted = |which: Release| release.is_none_or(|release| release == which);
    // One after the other: both at once take as long, and their progress would mix.
    for release in Release::ALL.into_iter().filter(|release| wanted(*release)) {
        root(release).await?;
    }
    Services::up().await?.down().await;
    Ok(ExitCode::SUCCESS)
}
