//! Reading the corpus.

use std::fmt;
use std::path::{Path, PathBuf};
use std::{fs, io};

use walkdir::WalkDir;

use super::field::{Field, quoted};
use super::locate::{self, NotFound};
use super::passage::{BREAK, GoldSpeaker, GoldStatement, GoldTarget, Passage, paragraphs};
use crate::country::Country;
use crate::stance::Stance;
use crate::statement::Kind;
use crate::text::Span;

/// A place in a corpus file that breaks the format.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}:{line}:{column}: expected {expected}, got {found}", path.display())]
pub struct Problem {
    /// The file.
    pub path: PathBuf,
    /// The line, from 1.
    pub line: usize,
    /// The character of the line, from 1.
    pub column: usize,
    /// What the format asks for.
    pub expected: String,
    /// What stands there.
    pub found: String,
}

/// Problems of one or several files, in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Syntax(pub Vec<Problem>);

impl fmt::Display for Syntax {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} problem(s) in the corpus", self.0.len())?;
        self.0.iter().try_for_each(|problem| write!(f, "\n{problem}"))
    }
}

impl std::error::Error for Syntax {}

/// Why a corpus could not be loaded.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// A file or folder could not be read.
    #[error("expected a readable corpus file or folder at {}", path.display())]
    Read {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// Files break the format.
    #[error(transparent)]
    Syntax(#[from] Syntax),
}

/// All passages of a file, or of the `.txt` files of a folder and its subfolders, by path and line.
///
/// # Errors
///
/// A file that cannot be read, or every place of every file that breaks the format.
pub fn load(path: impl AsRef<Path>) -> Result<Vec<Passage>, LoadError> {
    let (passages, problems) = read(path)?;
    if problems.is_empty() { Ok(passages) } else { Err(Syntax(problems).into()) }
}

/// As [`load`], but with what could be read beside the problems. A statement with a problem is left out.
///
/// # Errors
///
/// A file or folder that cannot be read.
pub fn read(path: impl AsRef<Path>) -> Result<(Vec<Passage>, Vec<Problem>), LoadError> {
    let mut all = (Vec::new(), Vec::new());
    for file in files(path.as_ref())? {
        let source = fs::read_to_string(&file).map_err(|source| LoadError::Read { path: file.clone(), source })?;
        let (passages, problems) = parse(&file, &source);
        all.0.extend(passages);
        all.1.extend(problems);
    }
    Ok(all)
}

fn files(path: &Path) -> Result<Vec<PathBuf>, LoadError> {
    let mut files = Vec::new();
    for entry in WalkDir::new(path).sort_by_file_name() {
        let entry = entry
            .map_err(|error| LoadError::Read { path: error.path().unwrap_or(path).to_owned(), source: error.into() })?;
        let wanted = entry.depth() == 0 || entry.path().extension().is_some_and(|extension| extension == "txt");
        if wanted && entry.file_type().is_file() {
            files.push(entry.into_path());
        }
    }
    Ok(files)
}

/// The passages of a file's contents, and every place that breaks the format. A statement with a problem is left out.
pub fn parse(path: &Path, source: &str) -> (Vec<Passage>, Vec<Problem>) {
    let mut parser = Parser { path, drafts: Vec::new(), problems: Vec::new() };
    for (i, line) in source.trim_start_matches('\u{feff}').lines().enumerate() {
        parser.line(Field { line: i + 1, column: 1, text: line });
    }
    let drafts = std::mem::take(&mut parser.drafts);
    let passages = drafts.into_iter().map(|draft| parser.passage(draft)).collect();
    let mut problems = parser.problems;
    problems.sort_by_key(|problem| (problem.line, problem.column));
    (passages, problems)
}

/// A passage whose words have not been looked up yet.
struct Draft<'a> {
    id: &'a str,
    genre: &'a str,
    date: Option<&'a str>,
    /// Each with whether it is a headline.
    lines: Vec<(&'a str, bool)>,
    closed: bool,
    statements: Vec<DraftStatement<'a>>,
    line: usize,
}

struct DraftStatement<'a> {
    kind: Option<Kind>,
    source: Field<'a>,
    cue: Field<'a>,
    content: Field<'a>,
    speaker: Option<GoldSpeaker>,
    targets: Vec<(Country, Option<Field<'a>>, Vec<Stance>)>,
}

struct Parser<'p, 'a> {
    path: &'p Path,
    drafts: Vec<Draft<'a>>,
    problems: Vec<Problem>,
}

impl<'a> Parser<'_, 'a> {
    fn problem(&mut self, at: Field<'_>, expected: impl Into<String>, found: impl Into<String>) {
        let (expected, found) = (expected.into(), found.into());
        self.problems.push(Problem { path: self.path.to_owned(), line: at.line, column: at.column, expected, found });
    }

    fn missing<T>(&mut self, at: Field<'_>, result: Result<T, NotFound>) -> Option<T> {
        match result {
            Ok(value) => Some(value),
            Err(NotFound { expected, found }) => {
                self.problem(at, expected, found);
                None
            }
        }
    }

    fn line(&mut self, line: Field<'a>) {
        if line.text.trim().is_empty() {
            return;
        }
        if let Some(header) = line.text.strip_prefix("%% ") {
            return self.header(line.after(3, header));
        }
        let Some(closed) = self.drafts.last().map(|draft| draft.closed) else {
            return self.problem(line, "a passage's header, %% ID | GENRE | DATE", quoted(line.text));
        };
        match (closed, line.text.trim() == "%") {
            (false, true) => self.close(),
            (true, true) => self.problem(line, "one lone % per passage", "another"),
            (false, false) => self.text(line),
            (true, false) if line.text.starts_with(char::is_whitespace) => self.detail(line.trim()),
            (true, false) => self.statement(line),
        }
    }

    fn header(&mut self, header: Field<'a>) {
        let fields = header.split("|");
        let &[id, genre, date] = fields.as_slice() else {
            self.problem(header, "ID | GENRE | DATE", quoted(header.text));
            return self.open("", "", None, header.line);
        };
        if id.text.is_empty() || id.text.contains(char::is_whitespace) {
            self.problem(id, "an id without spaces", quoted(id.text));
        }
        if date.some().is_some() && !is_date(date.text) {
            self.problem(date, "a date, YYYY-MM-DD, or -", quoted(date.text));
        }
        self.open(id.text, genre.text, date.some().map(|d| d.text), header.line);
    }

    fn open(&mut self, id: &'a str, genre: &'a str, date: Option<&'a str>, line: usize) {
        self.drafts.push(Draft { id, genre, date, lines: Vec::new(), closed: false, statements: Vec::new(), line });
    }

    fn close(&mut self) {
        if let Some(draft) = self.drafts.last_mut() {
            draft.closed = true;
        }
    }

    fn text(&mut self, line: Field<'a>) {
        let kind = line.text.split_once(" | ").map(|(kind, _)| kind);
        if kind.is_some_and(|kind| kind.parse::<Kind>().is_ok()) {
            return self.problem(line, "a lone % before the first statement", quoted(line.text));
        }
        if line.text.starts_with('%') {
            return self.problem(line, "text, a lone % or a header", quoted(line.text));
        }
        let headline = line.text.strip_prefix("# ");
        if let Some(draft) = self.drafts.last_mut() {
            draft.lines.push((headline.unwrap_or(line.text).trim(), headline.is_some()));
        }
    }

    fn statement(&mut self, line: Field<'a>) {
        let fields = line.split(" | ");
        let &[kind, source, cue, content] = fields.as_slice() else {
            return self.problem(line, "KIND | SOURCE | CUE | CONTENT", quoted(line.text));
        };
        let parsed = kind.text.parse();
        if parsed.is_err() {
            self.problem(kind, "direct, indirect or mixed", quoted(kind.text));
        }
        let (speaker, targets) = (None, Vec::new());
        if let Some(draft) = self.drafts.last_mut() {
            draft.statements.push(DraftStatement { kind: parsed.ok(), source, cue, content, speaker, targets });
        }
    }

    fn detail(&mut self, line: Field<'a>) {
        if self.drafts.last().is_none_or(|draft| draft.statements.is_empty()) {
            return self.problem(line, "a statement before its details", quoted(line.text));
        }
        match line.text.strip_prefix("speaker:") {
            Some(rest) => self.speaker(line.after("speaker:".len(), rest)),
            None => self.target(line),
        }
    }

    fn speaker(&mut self, field: Field<'a>) {
        let Some((name, code)) = field.rsplit_once(" = ").filter(|(name, _)| !name.text.is_empty()) else {
            return self.problem(field, "NAME = ISO3, or - for either", quoted(field.text));
        };
        let country = code.some().map(|code| code.text.parse());
        if matches!(country, Some(Err(_))) {
            self.problem(code, "a country code of three capital letters, or -", quoted(code.text));
        }
        let country = country.and_then(Result::ok);
        let speaker = GoldSpeaker { name: name.some().map(|name| name.text.to_owned()), country };
        let Some(statement) = self.drafts.last_mut().and_then(|draft| draft.statements.last_mut()) else { return };
        if statement.speaker.replace(speaker).is_some() {
            self.problem(field, "one speaker", "another");
        }
    }

    fn target(&mut self, line: Field<'a>) {
        let Some((country, words, stances)) = line.target() else {
            return self.problem(line, "speaker: NAME = ISO3, or ISO3 (words): stances", quoted(line.text));
        };
        let mut labels = Vec::new();
        for word in stances.text.split([' ', ',']).filter(|word| !word.is_empty() && *word != "-") {
            match word.parse() {
                Ok(stance) if !labels.contains(&stance) => labels.push(stance),
                Ok(_) => self.problem(stances, "each stance once", quoted(stances.text)),
                Err(_) => self.problem(stances, "reject, accuse, urge or -", quoted(word)),
            }
        }
        if stances.text.is_empty() {
            self.problem(stances, "reject, accuse, urge or -", "nothing");
        }
        labels.sort_unstable();
        if let Some(statement) = self.drafts.last_mut().and_then(|draft| draft.statements.last_mut()) {
            statement.targets.push((country, words, labels));
        }
    }

    fn passage(&mut self, draft: Draft<'a>) -> Passage {
        let text = draft.lines.iter().map(|(text, _)| *text).collect::<Vec<_>>().join(BREAK);
        let paragraphs = paragraphs(&text);
        let headlines = paragraphs.iter().zip(&draft.lines).filter(|(_, (_, headline))| *headline);
        let headlines = headlines.map(|(span, _)| *span).collect();
        if text.is_empty() {
            self.problem(Field { line: draft.line, column: 1, text: "" }, "a passage with text", "none");
        }
        let mut statements = Vec::new();
        let mut reached = 0;
        for statement in draft.statements {
            statements.extend(self.located(statement, &text, &paragraphs, &mut reached));
        }
        Passage {
            id: draft.id.to_owned(),
            genre: draft.genre.to_owned(),
            date: draft.date.map(str::to_owned),
            text,
            headlines,
            statements,
            path: self.path.to_owned(),
            line: draft.line,
        }
    }

    /// Looks the words of a statement up, and moves `reached` to the start of its content.
    fn located(
        &mut self,
        draft: DraftStatement<'a>,
        text: &str,
        paragraphs: &[Span],
        reached: &mut usize,
    ) -> Option<GoldStatement> {
        let before = self.problems.len();
        let mut content = Vec::new();
        for piece in draft.content.split(" + ") {
            let from = content.last().map_or(*reached, |span: &Span| span.end);
            let located = locate::piece(text, paragraphs, piece.text, from);
            content.push(self.missing(piece, located)?);
        }
        *reached = content.first()?.start;
        let mut beside = |field: Field<'a>| {
            field.some().and_then(|field| self.missing(field, locate::beside(text, paragraphs, field.text, &content)))
        };
        let (source, cue) = (beside(draft.source), beside(draft.cue));
        let mut targets = Vec::new();
        for (country, words, stances) in draft.targets {
            let words = words.map(|w| self.missing(w, locate::reaching(text, w.text, &content)));
            targets.push(GoldTarget { country, words: words.flatten(), stances });
        }
        if draft.speaker.is_none() {
            self.problem(Field { column: 1, ..draft.content }, "a speaker line under the statement", "none");
        }
        let sound = self.problems.len() == before;
        let statement = GoldStatement {
            kind: draft.kind?,
            source,
            cue,
            content,
            speaker: draft.speaker?,
            targets,
            line: draft.content.line,
        };
        sound.then_some(statement)
    }
}

fn is_date(text: &str) -> bool {
    let shape = text.chars().map(|c| if c.is_ascii_digit() { '0' } else { c });
    shape.eq("0000-00-00".chars())
}

#[cfg(test)]
pub(super) mod tests {
    use proptest::prelude::*;

    use super::*;

    /// A passage of every feature of the format.
    pub(crate) const SAMPLE: &str = r#"%% asia-01-003 | wire | 2004-05-12
# Manila tells Jakarta to call back its boats
MANILA, May 12 (ANP) - The Philippines on Wednesday urged Indonesia to call back its patrol boats.

"They have no business in these waters," Foreign Secretary Lourdes Abad told reporters, adding that Malaysia had been informed.

“No one,” she said, “wants a quarrel – with anyone.” She said no more, she said.

%
indirect | Manila | tells | Jakarta to call back its boats
  speaker: the Philippines = PHL
  IDN: urge
indirect | The Philippines | urged | Indonesia to .. boats
  speaker: the Philippines = PHL
  IDN: urge
direct | Foreign Secretary Lourdes Abad | told | "They have .. waters,"
  speaker: Foreign Secretary Lourdes Abad = PHL
  IDN (They): reject accuse
indirect | - | adding that | Malaysia had been informed
  speaker: Foreign Secretary Lourdes Abad = PHL
  MYS: -
direct | she | said | “No one,” + “wants a quarrel – with anyone.”
  speaker: Foreign Secretary Lourdes Abad = PHL
indirect | She | said@3 | no more
  speaker: - = -

%% asia-01-004 | blog | -
Nothing was said.

%
"#;

    fn of(source: &str) -> (Vec<Passage>, Vec<Problem>) {
        parse(Path::new("corpus/train/a.txt"), source)
    }

    #[test]
    fn every_feature_is_read() {
        let (passages, problems) = of(SAMPLE);
        assert_eq!(problems, []);
        let [first, second] = passages.as_slice() else { panic!("two passages") };
        assert_eq!((first.id.as_str(), first.date.as_deref(), first.line), ("asia-01-003", Some("2004-05-12"), 1));
        assert_eq!(first.headlines.iter().map(|s| s.of(&first.text).len()).collect::<Vec<_>>(), [43]);
        assert_eq!((second.date.as_deref(), second.line, second.statements.len()), (None, 27, 0));

        let words = |span: &Span| span.of(&first.text);
        let contents: Vec<Vec<_>> = first.statements.iter().map(|s| s.content.iter().map(words).collect()).collect();
        assert_eq!(contents[1], ["Indonesia to call back its patrol boats"]);
        assert_eq!(contents[2], ["\"They have no business in these waters,\""]);
        assert_eq!(contents[4], ["“No one,”", "“wants a quarrel – with anyone.”"]);
        let third = &first.statements[2];
        assert_eq!(third.targets[0].words.map(|w| w.of(&first.text)), Some("They"));
        assert_eq!(third.targets[0].stances, [Stance::Reject, Stance::Accuse]);
        assert_eq!(first.statements[3].source, None);
        assert_eq!(first.statements[5].cue.map(|c| c.start), first.text.rfind("said"));
        assert_eq!(first.statements[5].speaker, GoldSpeaker::default());
    }

    #[test]
    fn every_problem_is_told_with_its_place() {
        let source = "stray\n%% a b | wire | 12 May\nSome text “here” stands.\n%\n\
                      oblique | - | - | text\n  speaker: X = usa\n\
                      indirect | nobody | - | “here” .. gone\n\
                      direct | - | - | Some text\n  speaker: - = -\n  US: urge\n  USA (that): regret\n%\n";
        let (passages, problems) = of(source);
        let told: Vec<_> = problems.iter().map(|p| (p.line, p.column)).collect();
        let expected = [(1, 1), (2, 4), (2, 17), (5, 1), (6, 16), (7, 25), (8, 18), (10, 3), (11, 15), (12, 1)];
        assert_eq!(told, expected, "{problems:#?}");
        assert_eq!(problems[5].to_string().split(':').next(), Some("corpus/train/a.txt"));
        assert!(passages[0].statements.is_empty());
    }

    #[test]
    fn statements_without_their_percent_sign_are_no_text() {
        let (_, problems) = of("%% a | wire | -\nText.\nindirect | - | - | Text\n");
        assert_eq!(problems[0].expected, "a lone % before the first statement");
    }

    proptest! {
        /// Lines of the format in any order and cut anywhere give problems, not panics.
        #[test]
        fn no_file_makes_it_panic(picks in prop::collection::vec((0usize..30, 0usize..90), 0..40)) {
            let lines: Vec<&str> = SAMPLE.lines().collect();
            let cut = |(line, length): (usize, usize)| {
                lines.get(line).map_or("", |line| line).chars().take(length).collect::<String>()
            };
            let source = picks.into_iter().map(cut).collect::<Vec<_>>().join("\n");
            let (passages, _) = of(&source);
            for passage in passages {
                let spans = passage.statements.iter().flat_map(|s| s.content.iter().chain(&s.source).chain(&s.cue));
                for span in spans {
                    prop_assert!(!span.of(&passage.text).is_empty());
                }
            }
        }
    }

    #[test]
    fn loading_sorts_and_gathers() {
        let folder = tempfile::tempdir().expect("a folder");
        for (name, text) in [("b.txt", "%% b | wire | -\nB.\n"), ("a.txt", "%% a | wire | -\nA.\n"), ("c.md", "no")] {
            fs::write(folder.path().join(name), text).expect("written");
        }
        let ids: Vec<_> = load(folder.path()).expect("sound").into_iter().map(|p| p.id).collect();
        assert_eq!(ids, ["a", "b"]);
        fs::write(folder.path().join("d.txt"), "no\nno\n").expect("written");
        let Err(LoadError::Syntax(Syntax(problems))) = load(folder.path()) else { panic!("problems") };
        assert_eq!(problems.len(), 2);
        assert!(matches!(load(folder.path().join("none")), Err(LoadError::Read { .. })));
    }
}
