//! Tables of text: headers, labels in words, columns that are no units, and faults by line.

use super::*;

#[test]
fn tables_of_text() {
    let dir = Folder::new();
    let text = "T,s0,s1,s2\n0.5,1,-1,1\n0.5,-1,-1,1\n2.25,1,1,1\n";
    let seen = read(&dir.put("a.csv", text.as_bytes()));
    assert_eq!((seen.kind, seen.values.dim()), (Kind::Spins, (3, 3)));
    assert_eq!(seen.labels.unwrap().values, [0.5, 0.5, 2.25]);
    for (name, text) in [
        ("comma.csv", "1,0\n0,1\n"),
        ("semicolon.csv", "1;0\n0;1"),
        ("savetxt.txt", "# a remark\n1.000000000000000000e+00 0.000000000000000000e+00\n0 1\n"),
        ("tab.tsv", "1\t0\r\n0\t1\r\n\r\n"),
        ("named.csv", "a,b\n1,0\n0,1\n"),
    ] {
        let seen = read(&dir.put(name, text.as_bytes()));
        assert_eq!((seen.kind, seen.values), (Kind::Bits, Values::from(arr2(&[[1.0f32, 0.0], [0.0, 1.0]]))), "{name}");
    }
    dir.refused("ragged.csv", b"1,0\n1\n", &["line 2", "1 values, expected 2"]);
    dir.refused("words.csv", b"a,b\n1,x\n", &["line 2, column 2", "\"x\""]);
    dir.refused("only-names.csv", b"a,b\n", &["no numbers"]);
    dir.refused("remarks.csv", b"# nothing\n\n", &["no numbers"]);
    dir.refused("binary.csv", &[0xff, 0xfe, 0, 1], &["UTF-8"]);
    let wanted = Options { labels: "T".into(), ..Options::default() };
    refused(&dir.put("b.csv", b"a,b\n1,0\n"), &wanted, &["no column `T`", "a, b"]);
    refused(&dir.put("c.csv", b"1,0\n"), &wanted, &["no line of names"]);
    dir.refused("cold.csv", b"T,a\n-1,1\n", &["-1", ">= 0"]);
}

/// Case p18: words in an archive are classes.
#[test]
fn labels_as_words() {
    let bytes = include_bytes!("../../words.npz");
    let path = Folder::new();
    let path = path.put("words.npz", bytes);
    let labels = read(&path).labels.unwrap();
    assert_eq!((labels.meaning, labels.words.as_slice()), (Meaning::Class, &["cat".to_string(), "dog é".into()][..]));
    assert_eq!(labels.classes().1, [0, 1, 0, 0]);
}

/// The samples of a table, where its labels are not read.
fn bare(path: &std::path::Path) -> Dataset {
    Dataset::read(path, &Options { reads_labels: false, ..Options::default() }).unwrap()
}

/// Issue row B5: a missing value or a slip in the first sample is refused as in any other line, by its line and column.
#[test]
fn a_defect_in_the_first_line_makes_no_header_of_it() {
    let dir = Folder::new();
    for defect in ["NA", "nan", "", "NULL", "x", "1O"] {
        for line in [1, 6] {
            let row = |i: usize| if i == line { format!("1,{defect},0,1\n") } else { "1,0,0,1\n".to_string() };
            let text: String = (1..=8).map(row).collect();
            dir.refused("defect.csv", text.as_bytes(), &[&format!("line {line}, column 2"), &format!("\"{defect}\"")]);
        }
    }
    dir.refused("comma.csv", b"0,5;1.5\n0,5;0\n", &["line 1, column 1", "decimal comma"]);
    dir.refused("named.csv", b"a,b\n1,nan\n", &["line 2, column 2", "missing"]);
}

/// Issue row B5: numbers that cannot be a sample are names (pandas writes 0, 1, 2 ...), and it is said; those that can
/// be stay samples.
#[test]
fn a_line_of_numeric_names_is_no_sample() {
    let dir = Folder::new();
    let real = Options { real: true, ..Options::default() };
    let read = |text: &str| Dataset::read(&dir.put("n.csv", text.as_bytes()), &real).unwrap();
    let deviates = "-0.3,1.2,0.8,-1.7,0.1\n0.4,-0.6,2.2,0.7,-0.9\n";
    for (head, n) in [("0,1,2,3,4", 2), ("1,2,3,4,5", 2), ("400,450,500,550,600", 2), ("0.3,1.1,-2,0.4,0.5", 3)] {
        let seen = read(&format!("{head}\n{deviates}"));
        // A note on the first line, and one on the columns.
        assert_eq!((seen.n_samples(), seen.notes.len()), (n, 4 - n), "{head}");
        assert!(n == 3 || seen.notes[0].contains("taken for names"), "{:?}", seen.notes);
    }
    // Bits: 0, 1, 2 is none; 0, 1 might be one, which is said; the index beside it is left out.
    assert_eq!(read("0,1,2\n1,0,1\n0,0,1\n").n_samples(), 2);
    let seen = read("0,1\n1,1\n0,0\n");
    assert!(seen.n_samples() == 3 && seen.notes[0].contains("taken for a sample"), "{:?}", seen.notes);
    let seen = read(",0,1,2\n0,1,0,1\n1,0,0,1\n2,1,1,1\n");
    assert_eq!((seen.values.dim(), seen.notes.len()), ((3, 3), 1), "{:?}", seen.notes);
    // Counts: bytes of grey below 0, 1, 2 ...; a ramp among ramps is a sample.
    assert_eq!(read("0,1,2,3,4\n7,0,3,255,9\n0,0,8,1,1\n").n_samples(), 2);
    assert_eq!(read("0,1,2,3,4\n1,3,5,7,9\n2,3,4,5,6\n").n_samples(), 3);
}

/// Issue row B5: the index of pandas' `to_csv` is no unit, shuffled or not, and it is said.
#[test]
fn a_column_that_numbers_the_rows_is_left_out() {
    let dir = Folder::new();
    let table = |head: &str, index: fn(usize) -> usize| {
        let rows = (0..6).map(|i| format!("{},{},{}\n", index(i), i % 2, (i / 2) % 2));
        dir.put("i.csv", format!("{head}{}", rows.collect::<String>()).as_bytes())
    };
    for (head, index) in [
        (",a,b\n", (|i| i) as fn(usize) -> usize),
        ("Unnamed: 0,a,b\n", |i| i),
        ("\"\",\"a\",\"b\"\n", |i| i + 1),
        ("a,b\n", |i| i + 1),
        (",a,b\n", |i| (i * 5) % 6 + 40),
        (",0,1\n", |i| (i * 5) % 6),
        (",0,1\n", |i| i + 1000),
        ("index,a,b\n", |i| i),
        ("id,a,b\n", |i| (i * 5) % 6 + 1000),
        ("", |i| i),
    ] {
        let seen = bare(&table(head, index));
        assert_eq!((seen.kind, seen.values.dim()), (Kind::Bits, (6, 2)), "{head}");
        assert!(
            seen.notes.iter().any(|n| n.contains("column 1") && n.contains("left out")),
            "{head}: {:?}",
            seen.notes
        );
    }
    // A unit that has no name or counts by chance stays.
    assert_eq!(bare(&table(",a,b\n", |i| i % 2)).n_units(), 3);
    assert_eq!(bare(&dir.put("two.csv", b"a,b\n0,1\n1,1\n")).n_units(), 2);
    // Any name, where they are many.
    let many: String = (0..20).map(|i| format!("{},{}\n", i % 2, (i * 3) % 20 + 50)).collect();
    let seen = bare(&dir.put("many.csv", format!("s0,run\n{many}").as_bytes()));
    assert!(seen.n_units() == 1 && seen.notes.iter().any(|n| n.contains("`run`")), "{:?}", seen.notes);
}

#[test]
fn truth_values_are_bits() {
    let dir = Folder::new();
    for text in ["a,b\nTrue,False\nFalse,False\n", "True,False\nFalse,False\n", "a,b\nTRUE,0\nFALSE,0\n"] {
        let seen = bare(&dir.put("t.csv", text.as_bytes()));
        assert_eq!((seen.kind, seen.values.dim(), seen.values.at(0, 0)), (Kind::Bits, (2, 2), 1.0), "{text}");
        assert!(seen.notes.iter().any(|n| n.contains("True")), "{:?}", seen.notes);
    }
}

/// Issue row B5: labels by their names in any case, words as classes; two candidates are refused, both named.
#[test]
fn columns_of_labels_are_no_units() {
    let dir = Folder::new();
    let read = |text: &str| read(&dir.put("l.csv", text.as_bytes()));
    for (name, meaning) in
        [("Label", Meaning::Class), ("TARGET", Meaning::Class), ("Temperature", Meaning::Temperature)]
    {
        let seen = read(&format!("{name};a;b\n3;1;0\n1;0;1\n"));
        assert!(seen.notes[0].contains(name) && seen.notes[0].contains("labels"), "{:?}", seen.notes);
        let labels = seen.labels.unwrap();
        assert_eq!((seen.values.dim(), labels.meaning, labels.values), ((2, 2), meaning, vec![3.0, 1.0]));
        let left_out = bare(&dir.0.path().join("l.csv"));
        assert!(left_out.labels.is_none() && left_out.n_units() == 2 && left_out.notes[0].contains(name));
    }
    let labels = read("a,b,label\n1,0,dog\n0,1,cat\n1,1,dog\n").labels.unwrap();
    assert_eq!((labels.classes(), labels.name(1.0)), ((vec![0.0, 1.0], vec![1, 0, 1]), "dog".into()));
    // Also with numbers for the other names, and with a name in a remark.
    assert_eq!(read("label,0,1,2\ncat,1,0,1\ndog,0,0,1\n").labels.unwrap().words, ["cat", "dog"]);
    assert_eq!(read("# T s0 s1\n2.5 1 -1\n1.5 -1 -1\n").labels.unwrap().values, [2.5, 1.5]);
    dir.refused("two.csv", b"T,label,a\n1,2,1\n2,2,0\n", &["`T`", "`label`", "--temperatures T", "data.labels"]);
    dir.refused("hot.csv", b"T,a\nhot,1\n", &["line 2, column 1", "hot"]);
    dir.refused("gap.csv", b"label,a\ncat,1\nNA,0\n", &["line 3, column 1", "missing"]);
    dir.refused("alone.csv", b"label\n1\n2\n", &["labels alone"]);
}

/// Issue row B5: the odd value among many is named, not the first that is of another kind.
#[test]
fn the_culprit_is_found_by_majority() {
    let dir = Folder::new();
    let spins = Array2::from_shape_fn((40, 50), |(i, j)| if (i * j) % 3 == 0 { 1i8 } else { -1 });
    let with = |values: &Array2<i8>, v: i8| {
        let mut values = values.clone();
        values[(16, 2)] = v;
        npy(&values)
    };
    dir.refused("spins.npy", &with(&spins, 0), &["row 17, column 3 is 0 among -1 and +1"]);
    let bits = spins.mapv(|s| (s + 1) / 2);
    dir.refused("bits.npy", &with(&bits, -1), &["row 17, column 3 is -1 among 0 and 1"]);
    dir.refused("twos.npy", &with(&bits, 2), &["row 17, column 3 is 2 among 0 and 1", "--scale 2"]);
    // In a table also by its line and by the column of the file.
    let row = |i: usize| format!("1.5,1,-1,{}\n", if i == 16 { 0 } else { 1 });
    let text = format!("T,a,b,c\n{}", (0..40).map(row).collect::<String>());
    dir.refused("spins.csv", text.as_bytes(), &["row 17 (line 18), column 4 is 0 among -1 and +1"]);
}

/// Case p17: aligned columns, blanks at line ends, remarks after numbers, marks of editors: as `numpy.loadtxt` reads
/// them.
#[test]
fn text_is_read_as_numpy_reads_it() {
    let dir = Folder::new();
    let expected = Values::from(arr2(&[[1.0f32, 0.0], [0.0, 1.0]]));
    for (name, text) in [
        ("aligned.txt", "  1  0\n  0  1\n"),
        ("blank.txt", "1 0 \n0 1 \n"),
        ("tabs.txt", "1 \t0\n0 \t 1\t\n"),
        ("remark.txt", "1 0 # first\n# second\n0 1\n"),
        ("mark.csv", "\u{feff}1,0\r\n0,1\r\n"),
        ("mark-names.csv", "\u{feff}a;b\r\n1;0\r\n0;1\r\n"),
        ("quoted.csv", "\"a\",\"b\"\n\"1\",\"0\"\n\"0\",\"1\"\n"),
        ("blanks.csv", "1, 0 \n 0, 1\n"),
        ("trailing.csv", "1,0,\n0,1,\n"),
        ("trailing-names.csv", "a,b,\n1,0,\n0,1,\n"),
        ("trailing-below.csv", "a,b\n1,0,\n0,1,\n"),
        ("trailing-above.csv", "a,b,\n1,0\n0,1\n"),
        ("quoted-comma.csv", "\"a, b\",c\n1,0\n0,1\n"),
        ("r.txt", "\"a\" \"b\"\n\"1\" 1 0\n\"2\" 0 1\n"),
    ] {
        let seen = read(&dir.put(name, text.as_bytes()));
        assert_eq!(seen.values, expected, "{name}: {:?}", seen.notes);
    }
    let seen = read(&dir.put("signed.txt", b" 1 -1\n-1  1\n"));
    assert_eq!((seen.kind, seen.values.dim()), (Kind::Spins, (2, 2)));
}
