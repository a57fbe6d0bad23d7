//! Rendered dialplans in a real Asterisk: the caller ID is what the trunk sees in the INVITE.

use std::{
    fs::Permissions,
    os::unix::fs::PermissionsExt as _,
    path::Path,
    process::Command,
    time::{Duration, Instant},
};

use lab::{Call, Lab, LabBuilder, LabError, Release};
use model::{CallerId, CallerIdKey, CallerIdUse, UseEnd, Verification};
use reqwest::Method;
use server::{clock::Clock, numbers::Numbers};
use store::{Store, UseFilter};

use super::{Cordboard, LIMIT};

pub(super) const OURS: &str = "3105550100";
const MODULES: &str = "load = res_curl.so\nload = func_curl.so\n";

/// 9 and a number: through callerid-rotation; 8 and a number: from a VICIdial campaign.
const FROM_PHONE: &str = "\
exten => _9[+0-9].,1,Set(CAMPAIGN=sales)
 same => n,Set(AGENT=agent001)
 same => n,Goto(callerid-rotation,${EXTEN:1},1)
exten => _9911,1,Goto(callerid-rotation,911,1)
exten => _8[+0-9].,1,Set(VICIDIAL_campaign=TESTCAMP)
 same => n,Set(VICIDIAL_agent=6666)
 same => n,Goto(vicidial-campaign-outbound,${EXTEN:1},1)
";

/// A centre with one number of ours, beside an Asterisk.
pub(super) struct Outbound {
    pub(super) lab: Lab,
    pub(super) centre: Cordboard,
    store: Store,
}

impl Outbound {
    /// With the dialplan of a method.
    async fn start(release: Release, method: &str, environment: &[(&str, &str)]) -> Option<Self> {
        let outbound = Self::start_bare(release, environment).await?;
        outbound.lay_dialplan(method).await;
        Some(outbound)
    }

    /// Without a dialplan that asks.
    pub(super) async fn start_bare(release: Release, environment: &[(&str, &str)]) -> Option<Self> {
        let lab = up_or_skip(release).await?;
        let mut environment = environment.to_vec();
        environment.push(("CORDBOARD__CALLER_ID__AGI_LISTEN", "127.0.0.1:0"));
        let mut centre = Cordboard::start_with(&lab.ari_url(), lab.secret(), &environment);
        let file = centre.data().join("cordboard.db");
        let store = Store::open(&format!("sqlite:{}", file.display()))
            .await
            .unwrap();
        centre.kill();
        let touched = format!("'; touch {}/touched; '", lab.folder_inside());
        store
            .caller_ids()
            .create(&own(OURS, &touched))
            .await
            .unwrap();
        centre.start_again().await;
        Some(Self { lab, centre, store })
    }

    async fn lay_dialplan(&self, method: &str) {
        let rendered = self.rendered(method);
        self.lab
            .write_config("extensions_more.conf", &rendered)
            .unwrap();
        self.lab
            .write_config("extensions_from_phone.conf", FROM_PHONE)
            .unwrap();
        self.lab.console("dialplan reload").await.unwrap();
    }

    fn rendered(&self, method: &str) -> String {
        let program = format!("{}/agi-bin/cordboard", self.lab.folder_inside());
        let output = Command::new(env!("CARGO_BIN_EXE_cordboard"))
            .args([
                "asterisk",
                "render",
                "callerid",
                "--vicidial",
                "--method",
                method,
            ])
            .args(["--server", &format!("http://{}", self.centre.listen)])
            .args(["--agi", self.centre.agi.as_ref().unwrap()])
            .args(["--program", &program])
            .output()
            .unwrap();
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).unwrap()
    }

    /// Phone `from` dials; the call as the trunk sees it.
    pub(super) async fn call(&self, from: u16, dialled: &str) -> (Call, Call) {
        let call = self.lab.phone(from).calls(dialled).await.unwrap();
        let offered = self.lab.far_end().rings().await;
        let offered =
            offered.unwrap_or_else(|error| panic!("{error}\n{}", self.lab.asterisk_log()));
        (call, offered)
    }

    /// Waits until the use for this person has ended.
    pub(super) async fn ended(&self, to: &str) -> CallerIdUse {
        self.told(to, |used| used.ended_at.is_some()).await
    }

    /// Waits until the last use for this person is so.
    pub(super) async fn told(&self, to: &str, is_so: impl Fn(&CallerIdUse) -> bool) -> CallerIdUse {
        let filter = UseFilter {
            destination: Some(to.parse().unwrap()),
            ..UseFilter::default()
        };
        let began = Instant::now();
        loop {
            let page = self.store.caller_id_uses().page(&filter, None, 1).await;
            if let Some(last) = page.unwrap().into_iter().next().filter(&is_so) {
                return last;
            }
            assert!(began.elapsed() < LIMIT, "{}", self.lab.asterisk_log());
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    pub(super) async fn hang_up(&self, call: &Call) {
        call.hang_up().await.unwrap();
        self.lab.wait_no_channels().await.unwrap();
    }
}

async fn up_or_skip(release: Release) -> Option<Lab> {
    match LabBuilder::new(release)
        .config("modules_more.conf", MODULES)
        .up()
        .await
    {
        Ok(lab) => Some(lab),
        Err(LabError::Missing(_)) => lab::up_or_skip(release).await,
        Err(error) => panic!("{error}"),
    }
}

fn own(number: &str, carrier: &str) -> CallerId {
    let (at, random) = Clock::start().id();
    let own = Numbers::default().caller_id(number, None).unwrap();
    CallerId {
        carrier: carrier.to_owned(),
        hourly_limit: CallerId::DAILY_LIMIT,
        verified: Some(Verification::Administrator),
        ..own.into_caller_id(CallerIdKey::new(at, random), at)
    }
}

/// Puts this program, with what it is linked to, where Asterisk finds it in its root.
fn lay_program(lab: &Lab) {
    let program = env!("CARGO_BIN_EXE_cordboard");
    let libraries = lab.folder().join("agi-bin/lib");
    std::fs::create_dir_all(&libraries).unwrap();
    let linked = Command::new("ldd").arg(program).output().unwrap();
    let linked = String::from_utf8(linked.stdout).unwrap();
    let paths = linked
        .split_whitespace()
        .filter(|word| word.starts_with('/'));
    for path in paths.clone().map(Path::new) {
        std::fs::copy(path, libraries.join(path.file_name().unwrap())).unwrap();
    }
    let into = libraries.join("cordboard");
    if std::fs::hard_link(program, &into).is_err() {
        std::fs::copy(program, &into).unwrap();
    }
    let loader = paths.map(Path::new).find(|path| {
        path.file_name()
            .is_some_and(|name| name.to_string_lossy().starts_with("ld-"))
    });
    let loader = loader.unwrap().file_name().unwrap().to_string_lossy();
    let inside = format!("{}/agi-bin/lib", lab.folder_inside());
    let script = format!(
        "#!/bin/sh\nexec {inside}/{loader} --library-path {inside} {inside}/cordboard \"$@\"\n"
    );
    let wrapper = lab.folder().join("agi-bin/cordboard");
    std::fs::write(&wrapper, script).unwrap();
    std::fs::set_permissions(&wrapper, Permissions::from_mode(0o755)).unwrap();
}

/// Presented, refused, released with its outcome, from VICIdial, an emergency, and without a server.
async fn a_rendered_dialplan_presents_our_number(release: Release, method: &str) {
    let Some(mut outbound) = Outbound::start(release, method, &[]).await else {
        return;
    };
    if method == "agi" {
        lay_program(&outbound.lab);
    }
    let far_end = outbound.lab.far_end();
    far_end.answers_after(Duration::ZERO).await.unwrap();

    let (caller, offered) = outbound.call(101, "93105550142").await;
    assert_eq!((offered.from(), offered.to()), (OURS, "3105550142"));
    caller.wait_answered().await.unwrap();
    // The only number is in use: the next call keeps its own.
    let (second, offered) = outbound.call(102, "93105550143").await;
    assert_eq!(offered.from(), "102", "{}", outbound.lab.asterisk_log());
    second.hang_up().await.unwrap();
    caller
        .talks_for(Duration::from_millis(1_200))
        .await
        .unwrap();
    outbound.hang_up(&caller).await;
    let used = outbound.ended("+13105550142").await;
    assert_eq!(
        (used.end, used.answered),
        (Some(UseEnd::CallEnded), Some(true))
    );
    assert!((1_000..10_000).contains(&used.talk_ms.unwrap()), "{used:?}");
    assert_eq!(
        (used.campaign.as_str(), used.agent.as_str()),
        ("sales", "agent001")
    );

    // It is free again. Nobody answers.
    far_end.declines().await.unwrap();
    let (caller, offered) = outbound.call(101, "83105550144").await;
    assert_eq!((offered.from(), offered.to()), (OURS, "3105550144"));
    caller.wait_ended().await.unwrap();
    let used = outbound.ended("+13105550144").await;
    assert_eq!(
        (used.end, used.answered),
        (Some(UseEnd::CallEnded), Some(false))
    );
    assert_eq!(
        (used.campaign.as_str(), used.agent.as_str()),
        ("TESTCAMP", "6666")
    );

    let (caller, offered) = outbound.call(103, "9911").await;
    assert_eq!((offered.from(), offered.to()), ("103", "911"));
    let log = std::fs::read_to_string(outbound.centre.data().join("test.log")).unwrap();
    let logged = log.matches("a call for help keeps its caller ID").count();
    assert_eq!(logged, 1, "{method}: {log}");
    caller.wait_ended().await.unwrap();

    outbound.centre.kill();
    let began = Instant::now();
    let (caller, offered) = outbound.call(104, "93105550145").await;
    assert_eq!(offered.from(), "104");
    assert!(
        began.elapsed() < Duration::from_secs(5),
        "{:?}",
        began.elapsed()
    );
    caller.wait_ended().await.unwrap();
    assert!(!outbound.lab.folder().join("touched").exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn fastagi_presents_our_number_on_asterisk_22() {
    a_rendered_dialplan_presents_our_number(Release::Asterisk22, "fastagi").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn fastagi_presents_our_number_on_asterisk_16() {
    a_rendered_dialplan_presents_our_number(Release::Asterisk16, "fastagi").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn curl_presents_our_number_on_asterisk_22() {
    a_rendered_dialplan_presents_our_number(Release::Asterisk22, "curl").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn curl_presents_our_number_on_asterisk_16() {
    a_rendered_dialplan_presents_our_number(Release::Asterisk16, "curl").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn agi_presents_our_number_on_asterisk_22() {
    a_rendered_dialplan_presents_our_number(Release::Asterisk22, "agi").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn agi_presents_our_number_on_asterisk_16() {
    a_rendered_dialplan_presents_our_number(Release::Asterisk16, "agi").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reservation_of_which_nobody_tells_ends_by_its_time() {
    let shortly = [("CORDBOARD__CALLER_ID__RESERVED_FOR_SECONDS", "1")];
    let Some(outbound) = Outbound::start(Release::Asterisk22, "fastagi", &shortly).await else {
        return;
    };
    let far_end = outbound.lab.far_end();
    far_end.answers_after(Duration::ZERO).await.unwrap();
    let (first, offered) = outbound.call(101, "93105550142").await;
    assert_eq!(offered.from(), OURS);
    let used = outbound.ended("+13105550142").await;
    assert_eq!((used.end, used.answered), (Some(UseEnd::TimedOut), None));
    // The call is still up, and the number free for another.
    let (second, offered) = outbound.call(102, "93105550143").await;
    assert_eq!(offered.from(), OURS);
    for call in [first, second] {
        call.hang_up().await.unwrap();
    }
    outbound.lab.wait_no_channels().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deleted_reservation_frees_its_number_while_the_call_goes_on() {
    let Some(outbound) = Outbound::start(Release::Asterisk22, "fastagi", &[]).await else {
        return;
    };
    let far_end = outbound.lab.far_end();
    far_end.answers_after(Duration::ZERO).await.unwrap();
    let (first, offered) = outbound.call(101, "93105550142").await;
    assert_eq!(offered.from(), OURS);
    let path = format!("/api/reservation/{OURS}");
    let deleted = outbound.centre.ask(Method::DELETE, &path, None).await;
    assert_eq!(deleted.status(), 200);
    let used = outbound.ended("+13105550142").await;
    assert_eq!((used.end, used.answered), (Some(UseEnd::Deleted), None));
    let (second, offered) = outbound.call(102, "93105550143").await;
    assert_eq!(offered.from(), OURS);
    second.wait_answered().await.unwrap();
    // Its hangup handler finds nothing that it could end, the other's still does.
    for call in [first, second] {
        call.hang_up().await.unwrap();
    }
    let used = outbound.ended("+13105550143").await;
    assert_eq!(
        (used.end, used.answered),
        (Some(UseEnd::CallEnded), Some(true))
    );
    outbound.lab.wait_no_channels().await.unwrap();
}

/// How long one question takes within a call, by Asterisk's own clock.
#[tokio::test(flavor = "multi_thread")]
async fn a_question_takes_milliseconds_within_a_call() {
    let Some(outbound) = Outbound::start(Release::Asterisk22, "fastagi", &[]).await else {
        return;
    };
    lay_program(&outbound.lab);
    let (agi, http) = (
        outbound.centre.agi.as_ref().unwrap(),
        &outbound.centre.listen,
    );
    let program = format!("{}/agi-bin/cordboard,agi", outbound.lab.folder_inside());
    let call = "sales,agent${ROUND},3105550142";
    let query = "to=3105550142&campaign=sales&agent=agent${ROUND}";
    let over = format!("AGI(agi://{agi}/release,${{CORDBOARD_RESERVATION}})");
    for (method, ask, end, most) in [
        (
            "fastagi",
            format!("AGI(agi://{agi}/next-cid,{call})"),
            &over,
            20_000,
        ),
        (
            "curl",
            format!("Set(CID=${{CURL(http://{http}/next-cid.txt?{query}&when_none=empty)}})"),
            &format!(
                "Set(OVER=${{CURL(http://{http}/next-cid/ended,caller_id=${{CID}}&to=3105550142)}})"
            ),
            20_000,
        ),
        (
            "agi",
            format!("AGI({program},next-cid,--server,http://{http},{call})"),
            &over,
            500_000,
        ),
    ] {
        let taken = outbound.measured(method, &ask, end).await;
        let (median, longest) = (taken[taken.len() / 2], taken[taken.len() - 1]);
        println!("{method} within a call: median {median} µs, longest {longest} µs of {ROUNDS}");
        assert!(median < most, "{method}: {taken:?}");
    }
}

/// Questions in one call.
const ROUNDS: usize = 50;

impl Outbound {
    /// Microseconds that each question took, the shortest first. All are answered with our number.
    async fn measured(&self, method: &str, ask: &str, end: &str) -> Vec<u64> {
        let dialplan = format!(
            "[measured]
exten => s,1,Set(ROUND=0)
 same => n(again),Set(CID=)
 same => n,Set(CALLERID(num)=)
 same => n,Set(BEGUN=${{STRFTIME(,,%s%6q)}})
 same => n,{ask}
 same => n,Set(DONE=${{STRFTIME(,,%s%6q)}})
 same => n,Log(NOTICE,measured {method} ${{CID}}${{CALLERID(num)}} ${{BEGUN}} ${{DONE}})
 same => n,{end}
 same => n,Set(ROUND=$[${{ROUND}} + 1])
 same => n,GotoIf($[${{ROUND}} < {ROUNDS}]?again)
 same => n,Hangup()
"
        );
        self.lab
            .write_config("extensions_more.conf", &dialplan)
            .unwrap();
        self.lab.console("dialplan reload").await.unwrap();
        let originate = "channel originate Local/answer@load extension s@measured";
        self.lab.console(originate).await.unwrap();
        let began = Instant::now();
        let answered = format!("measured {method} {OURS} ");
        loop {
            let log = std::fs::read_to_string(self.lab.folder().join("log/full")).unwrap();
            let lines = log.lines().filter_map(|line| line.split_once(&answered));
            let mut taken: Vec<u64> = lines.filter_map(|(_, moments)| between(moments)).collect();
            if taken.len() == ROUNDS {
                taken.sort_unstable();
                return taken;
            }
            assert!(
                began.elapsed() < LIMIT,
                "{}: {}",
                taken.len(),
                self.lab.asterisk_log()
            );
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
}

/// Microseconds between two moments, if there are two.
fn between(moments: &str) -> Option<u64> {
    let (begun, done) = moments.trim().split_once(' ')?;
    Some(done.parse::<u64>().ok()? - begun.parse::<u64>().ok()?)
}
