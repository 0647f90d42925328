// Measures yrs for the section `documents` of bench. document.go says what, and in
// which form.
//
//   engine edit|state FILE
use std::time::Instant;
use std::{env, fs, process};
use std::sync::atomic::{AtomicUsize, Ordering};
use yrs::updates::decoder::Decode;
use yrs::{Doc, GetString, Observable, OffsetKind, Options, ReadTxn, StateVector, Text, TextRef, Transact, Update};

type Failure = Box<dyn std::error::Error>;

static HEARD: AtomicUsize = AtomicUsize::new(0);

struct Edit { pos: u32, remove: u32, insert: String }

struct Input { edits: Vec<Edit>, updates: Vec<Vec<u8>> }

fn number(b: &[u8], at: &mut usize) -> u32 {
    *at += 4;
    u32::from_le_bytes([b[*at - 4], b[*at - 3], b[*at - 2], b[*at - 1]])
}

fn bytes(b: &[u8], at: &mut usize) -> Vec<u8> {
    let n = number(b, at) as usize;
    *at += n;
    b[*at - n..*at].to_vec()
}

fn read(file: &str) -> Result<Input, Failure> {
    let b = fs::read(file)?;
    let mut at = 0;
    let mut edits = Vec::new();
    for _ in 0..number(&b, &mut at) {
        let (pos, remove) = (number(&b, &mut at), number(&b, &mut at));
        edits.push(Edit { pos, remove, insert: String::from_utf8(bytes(&b, &mut at))? });
    }
    let mut updates = Vec::new();
    for _ in 0..number(&b, &mut at) {
        updates.push(bytes(&b, &mut at));
    }
    Ok(Input { edits, updates })
}

// Where all text is ASCII a byte is a UTF-16 unit, and yrs is quicker with bytes.
fn open(ascii: bool) -> (Doc, TextRef) {
    let mut options = Options::default();
    options.offset_kind = if ascii { OffsetKind::Bytes } else { OffsetKind::Utf16 };
    let doc = Doc::with_options(options);
    let text = doc.get_or_insert_text("text");
    (doc, text)
}

fn watched(ascii: bool, observe: bool) -> Result<(Doc, TextRef), Failure> {
    let (doc, text) = open(ascii);
    doc.observe_update_v1("bench", |_, e| {
        HEARD.fetch_add(e.update.len(), Ordering::Relaxed);
    })?;
    if observe {
        text.observe("bench", |_, _| {
            HEARD.fetch_add(1, Ordering::Relaxed); // who asks for the delta makes yrs walk the whole text
        });
    }
    Ok((doc, text))
}

fn apply(doc: &Doc, update: &[u8]) -> Result<(), Failure> {
    doc.transact_mut().apply_update(Update::decode_v1(update)?)?;
    Ok(())
}

fn millis(start: Instant) -> f64 { start.elapsed().as_secs_f64() * 1000.0 }

fn at(mut times: Vec<f64>, q: f64) -> f64 {
    times.sort_by(|a, b| a.total_cmp(b));
    times[(times.len() as f64 * q) as usize]
}

fn resident() -> Result<f64, Failure> {
    let text = fs::read_to_string("/proc/self/statm")?;
    let pages: f64 = text.split(' ').nth(1).ok_or("statm")?.parse()?;
    Ok(pages * 4096.0)
}

fn put(out: &mut Vec<String>, key: &str, value: f64) { out.push(format!("\"{key}\":{value}")); }

fn load(out: &mut Vec<String>, state: &[u8], ascii: bool, times: usize) -> Result<(), Failure> {
    let mut loads = Vec::new();
    for _ in 0..times {
        let start = Instant::now();
        let (doc, _text) = open(ascii);
        apply(&doc, state)?;
        loads.push(millis(start));
    }
    put(out, "first", loads[0]);
    put(out, "load", at(loads, 0.5));
    Ok(())
}

fn edit(out: &mut Vec<String>, file: &str) -> Result<(), Failure> {
    let input = read(file)?;
    let ascii = input.edits.iter().all(|e| e.insert.is_ascii()) && !input.edits.is_empty();
    let (mut doc, mut text) = watched(ascii, false)?;
    if !input.edits.is_empty() {
        let start = Instant::now();
        for e in &input.edits {
            if e.remove > 0 {
                text.remove_range(&mut doc.transact_mut(), e.pos, e.remove);
            }
            if !e.insert.is_empty() {
                text.insert(&mut doc.transact_mut(), e.pos, &e.insert);
            }
        }
        put(out, "edit", millis(start));
    }
    if !input.updates.is_empty() {
        (doc, text) = watched(ascii, false)?;
        let start = Instant::now();
        for u in &input.updates {
            apply(&doc, u)?;
        }
        put(out, "apply", millis(start));
        let (third, _text) = watched(ascii, true)?;
        let start = Instant::now();
        for u in &input.updates {
            apply(&third, u)?;
        }
        put(out, "observed", millis(start));
        let (again, _text) = watched(ascii, false)?;
        let mut each = Vec::with_capacity(input.updates.len());
        for u in &input.updates {
            let start = Instant::now();
            apply(&again, u)?;
            each.push(millis(start) * 1000.0);
        }
        put(out, "p50", at(each.clone(), 0.5));
        put(out, "p99", at(each, 0.99));
    }
    let start = Instant::now();
    let state = doc.transact().encode_diff_v1(&StateVector::default());
    put(out, "encode", millis(start));
    put(out, "bytes", state.len() as f64);
    put(out, "units", text.get_string(&doc.transact()).encode_utf16().count() as f64);
    load(out, &state, ascii, 9)?;
    let before = resident()?;
    let mut docs = Vec::new();
    for _ in 0..100 {
        let (doc, _text) = open(ascii);
        apply(&doc, &state)?;
        docs.push(doc);
    }
    put(out, "memory", (resident()? - before) / docs.len() as f64);
    Ok(())
}

fn run() -> Result<(), Failure> {
    let args: Vec<String> = env::args().collect();
    let mut out = Vec::new();
    if args[1] == "edit" {
        edit(&mut out, &args[2])?;
    } else {
        let state = fs::read(&args[2])?;
        load(&mut out, &state, true, 3)?;
        put(&mut out, "bytes", state.len() as f64);
    }
    put(&mut out, "heard", HEARD.load(Ordering::Relaxed) as f64);
    println!("{{{}}}", out.join(","));
    Ok(())
}

fn main() {
    if let Err(e) = run() {
        eprintln!("engine: {e}");
        process::exit(1);
    }
}
