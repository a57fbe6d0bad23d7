//! Labs themselves: several at once, restarts, registrations, and nothing left behind.

use std::time::{Duration, Instant};

use cordboard_lab::{self as lab, Release};

#[tokio::test]
async fn two_labs_at_once_and_a_registration_that_is_seen() {
    let Some(one) = lab::up_or_skip(Release::Asterisk22).await else {
        return;
    };
    let two = lab::up(Release::Asterisk16).await.unwrap();
    assert_ne!(one.http_url(), two.http_url());
    for lab in [&one, &two] {
        lab.wait_endpoint("101", "offline").await.unwrap();
        lab.phone(101).register().await.unwrap();
        lab.wait_endpoint("101", "online").await.unwrap();
        lab.phone(101).unregister().await.unwrap();
        lab.wait_endpoint("101", "offline").await.unwrap();
    }
    for (lab, version) in [(&one, "Asterisk 22."), (&two, "Asterisk 16.")] {
        let said = lab.console("core show version").await.unwrap();
        assert!(said.starts_with(version), "{said}");
    }
}

#[tokio::test]
async fn asterisk_goes_and_comes_back_with_its_registrations() {
    let Some(mut lab) = lab::up_or_skip(Release::Asterisk22).await else {
        return;
    };
    let phone = lab.phone(103);
    phone.answers_after(Duration::ZERO).await.unwrap();
    lab.stop_asterisk().await.unwrap();
    lab.channels().await.unwrap_err();
    lab.start_asterisk().await.unwrap();
    let call = lab.trunk_calls("5550113").await.unwrap();
    call.hears(phone.tone()).await.unwrap();
    lab.kill_asterisk().await.unwrap();
    lab.start_asterisk().await.unwrap();
    assert!(lab.channels().await.unwrap().is_empty());
}

#[test]
fn a_panic_leaves_no_process_and_no_folder() {
    let runtime = || {
        tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap()
    };
    let (sender, receiver) = std::sync::mpsc::channel();
    let panicked = std::thread::spawn(move || {
        runtime().block_on(async {
            let Some(lab) = lab::up_or_skip(Release::Asterisk22).await else {
                return;
            };
            lab.phone(101).never_answers().await.unwrap();
            let call = lab.trunk_calls("5550111").await.unwrap();
            call.wait_ringing().await.unwrap();
            sender
                .send((lab.folder().to_owned(), lab.sip_addr(), call.clone()))
                .unwrap();
            panic!("on purpose");
        });
    })
    .join();
    let Ok((folder, sip, _call)) = receiver.recv() else {
        panicked.unwrap();
        return;
    };
    panicked.unwrap_err();
    assert!(!folder.exists());
    std::net::UdpSocket::bind(sip).expect("Asterisk's port is free again");
    assert_eq!(
        processes_naming(&folder.display().to_string()),
        Vec::<String>::new()
    );
}

/// Command lines of running processes that hold these words.
fn processes_naming(words: &str) -> Vec<String> {
    let entries = std::fs::read_dir("/proc").unwrap().flatten();
    let lines = entries.filter_map(|entry| std::fs::read(entry.path().join("cmdline")).ok());
    lines
        .map(|line| String::from_utf8_lossy(&line).replace('\0', " "))
        .filter(|line| line.contains(words))
        .collect()
}

#[test]
fn a_lab_comes_up_quickly_once_its_root_is_there() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        if lab::up_or_skip(Release::Asterisk22).await.is_none() {
            return;
        }
        let started = Instant::now();
        let lab = lab::up(Release::Asterisk22).await.unwrap();
        println!("warm: up in {:.0?}", started.elapsed());
        drop(lab);
        println!("warm: up and down in {:.0?}", started.elapsed());
    });
}

/// Runs the `lab` program and returns what it printed as JSON.
fn lab_program(words: &[&str]) -> serde_json::Value {
    let done = std::process::Command::new(env!("CARGO_BIN_EXE_lab"))
        .arg("--json")
        .args(words)
        .output()
        .unwrap();
    assert!(
        done.status.success(),
        "{words:?}: {}",
        String::from_utf8_lossy(&done.stderr)
    );
    serde_json::from_slice(&done.stdout).unwrap_or_default()
}

#[test]
fn a_lab_is_used_from_the_command_line() {
    if lab::requirements().is_err() && !lab::is_required() {
        println!("SKIPPED lab test: {}", lab::requirements().unwrap_err());
        return;
    }
    let up = lab_program(&["up", "--release", "16", "--phones", "2"]);
    let name = up[0]["name"].as_str().unwrap();
    assert_eq!(lab_program(&["status", name])[0]["release"], "16");
    lab_program(&["phone", "102", "answer", "--after", "0.1", "--lab", name]);
    let call = lab_program(&["call", "5550112", "--talk", "0.6", "--lab", name]);
    assert_eq!(call["outcome"], "HungUpByUs", "{call}");
    assert!(
        call["heard"][0].as_str().unwrap().starts_with("phone 102"),
        "{call}"
    );
    assert_eq!(lab_program(&["down", name])["stopped"][0], name);
    assert!(!std::path::Path::new(up[0]["folder"].as_str().unwrap()).exists());
}
