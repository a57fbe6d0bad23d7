//! The same tests on both releases of the lab.

/// The test's body on each release.
macro_rules! on_each_release {
    ($($test:ident),+ $(,)?) => {
        mod asterisk_22 {
            $(#[tokio::test(flavor = "multi_thread")]
            async fn $test() {
                if let Some(lab) = lab::up_or_skip(lab::Release::Asterisk22).await {
                    super::$test(&lab).await;
                }
            })+
        }
        mod asterisk_16 {
            $(#[tokio::test(flavor = "multi_thread")]
            async fn $test() {
                if let Some(lab) = lab::up_or_skip(lab::Release::Asterisk16).await {
                    super::$test(&lab).await;
                }
            })+
        }
    };
}
pub(crate) use on_each_release;
