//! `lab prepare`: fills the cache.

use std::process::ExitCode;

use cordboard_lab::{LabError, Release, Result, Services, is_required, requirements, root};

/// A lack of root or network ends it quietly where the tests may be skipped, with a line that says so.
pub(super) async fn run(release: Option<Release>) -> Result<ExitCode> {
    match prepare(release).await {
        Err(LabError::Missing(why)) if !is_required() => {
            eprintln!("lab: the tests with a real Asterisk will be SKIPPED: {why}");
            Ok(ExitCode::SUCCESS)
        }
        outcome => outcome.map(|()| ExitCode::SUCCESS),
    }
}

async fn prepare(release: Option<Release>) -> Result<()> {
    requirements()?;
    let wanted = |which: Release| release.is_none_or(|release| release == which);
    // One after the other: both at once take as long, and their progress would mix.
    for release in Release::ALL.into_iter().filter(|release| wanted(*release)) {
        root(release).await?;
    }
    Services::up().await?.down().await;
    Ok(())
}
