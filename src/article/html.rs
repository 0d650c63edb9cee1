//! Web pages: the article's text without navigation, scripts and captions.
//!
//! Only html5ever's tokenizer is used. Its tree builder takes quadratic time on deeply nested pages, and a tree is not
//! needed to tell paragraphs apart; so time and memory are linear in the page and no depth can overflow a stack.

use std::cell::{Cell, RefCell};

use html5ever::TokenizerResult;
use html5ever::tendril::StrTendril;
use html5ever::tokenizer::states::RawKind;
use html5ever::tokenizer::{BufferQueue, Tag, TagKind, Token, TokenSink, TokenSinkResult, Tokenizer, TokenizerOpts};

use super::bytes::{Stream, decode, whole};
use super::{Article, Failure, date};

/// Bytes given to the tokenizer at once.
const CHUNK: usize = 256;

/// The most comparisons of attribute names for one page. The tokenizer compares each attribute of a tag with all
/// before it, so that a tag of a million attributes would keep it busy for hours.
const MAX_COST: u64 = 2_000_000_000;

/// Elements whose text is no part of the article.
const SKIPPED: [&str; 18] = [
    "script",
    "style",
    "nav",
    "header",
    "footer",
    "aside",
    "figcaption",
    "noscript",
    "template",
    "svg",
    "form",
    "button",
    "select",
    "iframe",
    "textarea",
    "noembed",
    "noframes",
    "xmp",
];

/// Elements that begin and end a paragraph.
const BLOCKS: [&str; 34] = [
    "p",
    "div",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "li",
    "ul",
    "ol",
    "blockquote",
    "section",
    "article",
    "main",
    "table",
    "tr",
    "td",
    "th",
    "pre",
    "figure",
    "hr",
    "dl",
    "dd",
    "dt",
    "body",
    "html",
    "head",
    "header",
    "footer",
    "nav",
    "aside",
    "address",
    "figcaption",
];

/// Reads the one article of a stream.
pub(super) fn read(stream: Stream, id: &str, max: u64) -> Result<Article, Failure> {
    let page = decode(whole(stream, id, max)?, id)?;
    let costly = || Failure::new(id, "invalid-html", "expected a web page, found tags with too many attributes");
    let mut found = scan(&page, true).ok_or_else(costly)?;
    let mut paragraphs = found.article();
    if paragraphs.is_empty() {
        // An element that is never closed may have swallowed the page.
        paragraphs = scan(&page, false).ok_or_else(costly)?.article();
    }
    let title = found.title();
    if let Some(title) = &title
        && let Some(at) = paragraphs.iter().take(3).position(|p| p == title)
    {
        paragraphs.remove(at);
    }
    if paragraphs.is_empty() {
        return Err(Failure::new(id, "empty", "expected a web page with text, found none"));
    }
    let date = found.dates.iter().chain(&found.times).find_map(|d| date::find(d));
    let date = date.or_else(|| paragraphs.iter().take(4).find_map(|p| date::find(p)));
    let text = title.iter().chain(&paragraphs).map(String::as_str).collect::<Vec<_>>().join("\n\n");
    Ok(Article { id: id.to_owned(), title, date, text })
}

/// Scans a page; `None` if its tags have too many attributes.
fn scan(page: &str, skip: bool) -> Option<Found> {
    let sink = Sink { found: RefCell::new(Found::new(skip)), tokens: Cell::new(0) };
    let tokenizer = Tokenizer::new(sink, TokenizerOpts::default());
    let input = BufferQueue::default();
    let (mut rest, mut cost, mut run) = (page, 0_u64, 0_u64);
    while !rest.is_empty() {
        let mut at = CHUNK.min(rest.len());
        while !rest.is_char_boundary(at) {
            at += 1;
        }
        let (chunk, after) = rest.split_at(at);
        rest = after;
        let separators = chunk.bytes().filter(|b| b.is_ascii_whitespace() || matches!(b, b'/' | b'"' | b'\'')).count();
        run += separators as u64;
        cost = cost.saturating_add((separators as u64).saturating_mul(run));
        if cost > MAX_COST {
            return None;
        }
        let before = tokenizer.sink.tokens.get();
        input.push_back(StrTendril::from_slice(chunk));
        // A script end may pause the tokenizer; each round consumes input, so this ends.
        while matches!(tokenizer.feed(&input), TokenizerResult::Script(())) {}
        if tokenizer.sink.tokens.get() != before {
            run = 0;
        }
    }
    tokenizer.end();
    let mut found = tokenizer.sink.found.into_inner();
    found.flush();
    Some(found)
}

struct Paragraph {
    text: String,
    /// The number of the outermost `article` around it, from 1; 0 for none.
    article: usize,
    main: bool,
    /// Whether it stands in an element made for text rather than for layout.
    proper: bool,
}

#[derive(Default)]
struct Found {
    skip: bool,
    skipping: [usize; SKIPPED.len()],
    paragraphs: Vec<Paragraph>,
    line: String,
    proper: usize,
    articles: usize,
    depth: usize,
    main: usize,
    og_title: Option<String>,
    head_title: String,
    in_title: bool,
    heading: String,
    in_heading: bool,
    headings: usize,
    dates: Vec<String>,
    times: Vec<String>,
    last_break: bool,
}

impl Found {
    fn new(skip: bool) -> Self {
        Self { skip, ..Self::default() }
    }

    fn flush(&mut self) {
        let text = squeeze(&self.line);
        self.line.clear();
        if !text.is_empty() {
            let article = if self.depth > 0 { self.articles } else { 0 };
            self.paragraphs.push(Paragraph { text, article, main: self.main > 0, proper: self.proper > 0 });
        }
    }

    fn text(&mut self, text: &str) {
        if self.in_title {
            self.head_title.push_str(text);
            return;
        }
        if self.in_heading {
            self.heading.push_str(text);
        }
        let skipped = SKIPPED.iter().zip(self.skipping).any(|(name, n)| {
            n > 0 && (self.skip || matches!(*name, "script" | "style" | "iframe" | "noembed" | "noframes" | "textarea"))
        });
        if !skipped {
            self.last_break &= text.trim().is_empty();
            self.line.push_str(text);
        }
    }

    fn tag(&mut self, tag: &Tag) {
        let name: &str = &tag.name;
        let open = tag.kind == TagKind::StartTag;
        if BLOCKS.contains(&name) || name == "br" && self.last_break {
            self.flush();
        } else if name == "br" {
            self.line.push(' ');
        }
        self.last_break = name == "br";
        if let Some(n) = SKIPPED.iter().position(|s| *s == name).and_then(|i| self.skipping.get_mut(i)) {
            *n = if open && !tag.self_closing { *n + 1 } else { n.saturating_sub(usize::from(!open)) };
        }
        let step = |n: usize| if open { n + 1 } else { n.saturating_sub(1) };
        match name {
            "article" => {
                self.articles += usize::from(open && self.depth == 0);
                self.depth = step(self.depth);
            }
            "main" => self.main = step(self.main),
            // A paragraph ends where another begins, closed or not.
            "p" | "h1" | "h2" | "h3" | "h4" | "h5" | "h6" | "li" | "blockquote" | "pre" => {
                self.proper = usize::from(open);
            }
            "div" | "section" | "table" => self.proper = 0,
            "title" => self.in_title = open && self.head_title.is_empty(),
            "meta" if open => self.meta(tag),
            "time" if open => self.times.extend(attribute(tag, "datetime").filter(|_| self.times.len() < 8)),
            _ => {}
        }
        if name == "h1" {
            self.headings += usize::from(open);
            self.in_heading = open && self.headings == 1;
        }
    }

    fn meta(&mut self, tag: &Tag) {
        let key = ["property", "name", "itemprop"].iter().find_map(|k| attribute(tag, k)).unwrap_or_default();
        let Some(content) = attribute(tag, "content") else { return };
        match key.to_ascii_lowercase().as_str() {
            "og:title" if self.og_title.is_none() => self.og_title = Some(content),
            "article:published_time" | "og:published_time" | "datepublished" => self.dates.insert(0, content),
            "date" | "dc.date" | "dc.date.issued" | "dcterms.date" | "pubdate" | "publishdate" | "publish-date" => {
                self.dates.push(content);
            }
            _ => {}
        }
        self.dates.truncate(8);
    }

    fn title(&mut self) -> Option<String> {
        let titles = [self.og_title.take().unwrap_or_default(), self.heading.clone(), self.head_title.clone()];
        titles.iter().map(|t| squeeze(t)).find(|t| !t.is_empty())
    }

    /// The paragraphs of the longest `article`, else of `main`, else all; without loose text between layout elements
    /// if there is enough of proper paragraphs.
    fn article(&mut self) -> Vec<String> {
        let mut sizes = vec![0_usize; self.articles + 1];
        for p in &self.paragraphs {
            if let Some(size) = sizes.get_mut(p.article).filter(|_| p.article > 0) {
                *size += p.text.len();
            }
        }
        let longest = sizes.iter().enumerate().max_by_key(|(i, size)| (**size, usize::MAX - i)).map_or(0, |(i, _)| i);
        let has_main = self.paragraphs.iter().any(|p| p.main);
        let mut chosen = std::mem::take(&mut self.paragraphs);
        chosen.retain(|p| if longest > 0 { p.article == longest } else { p.main || !has_main });
        let all: usize = chosen.iter().map(|p| p.text.len()).sum();
        let proper: usize = chosen.iter().filter(|p| p.proper).map(|p| p.text.len()).sum();
        if proper * 2 >= all {
            chosen.retain(|p| p.proper);
        }
        chosen.into_iter().map(|p| p.text).collect()
    }
}

fn attribute(tag: &Tag, name: &str) -> Option<String> {
    tag.attrs.iter().find(|a| &*a.name.local == name).map(|a| a.value.to_string())
}

fn squeeze(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

struct Sink {
    found: RefCell<Found>,
    /// Tokens seen. While a tag is being read there are none.
    tokens: Cell<u64>,
}

impl TokenSink for Sink {
    type Handle = ();

    fn process_token(&self, token: Token, _line: u64) -> TokenSinkResult<()> {
        // The tokenizer never calls back into itself, so the borrow is free.
        let Ok(mut found) = self.found.try_borrow_mut() else { return TokenSinkResult::Continue };
        if !matches!(token, Token::ParseError(_)) {
            self.tokens.set(self.tokens.get() + 1);
        }
        match token {
            Token::CharacterTokens(text) => found.text(&text),
            Token::TagToken(tag) => {
                found.tag(&tag);
                if tag.kind == TagKind::StartTag && !tag.self_closing {
                    return match &*tag.name {
                        "script" => TokenSinkResult::RawData(RawKind::ScriptData),
                        "style" | "iframe" | "noembed" | "noframes" | "xmp" => {
                            TokenSinkResult::RawData(RawKind::Rawtext)
                        }
                        "title" if found.in_title => TokenSinkResult::RawData(RawKind::Rcdata),
                        "textarea" => TokenSinkResult::RawData(RawKind::Rcdata),
                        _ => TokenSinkResult::Continue,
                    };
                }
            }
            _ => {}
        }
        TokenSinkResult::Continue
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn page(html: &str) -> Result<Article, Failure> {
        read(Box::new(std::io::Cursor::new(html.as_bytes().to_vec())), "a.html", 1 << 24)
    }

    #[test]
    fn the_article_without_its_surroundings() {
        let article = page(
            r#"<!doctype html><html><head><title>T | Site</title><meta property="og:title" content="Talks &amp; tea">
            <meta property="article:published_time" content="2016-07-03T09:00:00Z"><script>if (a < b) {"<p>no</p>"}
            </script><style>p{}</style></head><body><nav><p>Home</p></nav><article><header><h1>Talks &amp; tea</h1>
            </header><p>One <b>bold</b>
            word.<p>Two&nbsp;words.</p><figure><figcaption>Caption</figcaption></figure><aside>More</aside></article>
            <footer><p>Imprint</p></footer></body></html>"#,
        )
        .unwrap();
        assert_eq!(article.title.as_deref(), Some("Talks & tea"));
        assert_eq!(article.date.as_deref(), Some("2016-07-03"));
        assert_eq!(article.text, "Talks & tea\n\nOne bold word.\n\nTwo words.");
    }

    #[test]
    fn broken_pages_still_give_text() {
        assert_eq!(page("<nav><p>Everything is here").unwrap().text, "Everything is here");
        assert_eq!(page("a<br><br>b").unwrap().text, "a\n\nb");
        assert_eq!(page("<script>x</script>").unwrap_err().code, "empty");
        let attributes: String = (0..200_000).map(|i| format!(" a{i}")).collect();
        assert_eq!(page(&format!("<a b='>'{attributes}>x")).unwrap_err().code, "invalid-html");
    }

    #[test]
    fn depth_costs_nothing() {
        let deep = format!("{}deep{}", "<div><b>".repeat(200_000), "</b></div>".repeat(200_000));
        assert_eq!(page(&deep).unwrap().text, "deep");
    }

    proptest! {
        #[test]
        fn any_page(html in "(<(/?(p|div|script|title|article|nav|h1|br|time)|meta name=date content=x|!--)>?|[a<>&;\"']){0,60}") {
            let _ = page(&html);
        }
    }
}
