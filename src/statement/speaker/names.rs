//! Names of people in a text, with what the text says beside them about who they are.

use super::tokens::{Word, Words, trimmed};
use super::words::{BODIES, BREAKS, CALENDAR, MEN, OPENERS, PARTICLES, PERSON_HEADS, TITLES, WOMEN, has};
use crate::country::{Form, Mention};
use crate::text::{Sentence, Span};

/// A place where the text names somebody.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct NameMention {
    /// The name without its title.
    pub(super) name: Span,
    /// The words of the name.
    pub(super) words: std::ops::Range<usize>,
    /// A title or a description before the name: *Foreign Minister*, *Iran's parliament speaker,*.
    pub(super) role: Option<Span>,
    /// A description after the name: *, the Peruvian trade minister,*.
    pub(super) after: Option<Span>,
    /// The place that belongs to the name: *of Tennessee* in "Senator Roy Kittredge of Tennessee".
    pub(super) seat: Option<Span>,
    /// The sentence.
    pub(super) sentence: usize,
    /// Whether the sentence begins with it, which makes it a likely subject.
    pub(super) opens: bool,
    /// Whether something beside the name shows that it is a person's.
    pub(super) sure: bool,
    /// Whether it stands in the line that tells who wrote the article.
    pub(super) byline: bool,
}

impl NameMention {
    /// Role and name.
    pub(super) fn span(&self) -> Span {
        Span::new(self.start(), self.name.end)
    }

    /// Where role and name begin.
    pub(super) fn start(&self) -> usize {
        self.role.map_or(self.name.start, |r| r.start)
    }

    /// What the text says beside the name about who it is.
    pub(super) fn roles(&self) -> impl Iterator<Item = Span> {
        self.role.into_iter().chain(self.after)
    }
}

/// The names of a text and how they are found.
struct Finder<'a> {
    words: &'a Words<'a>,
    sentences: &'a [Sentence],
    mentions: &'a [Mention],
}

/// Words with which a sentence can begin before its subject.
const PREPOSITIONS: &[&str] = &["in", "on", "at", "by", "from", "with", "to", "but", "as", "after", "before", "or"];
/// Most words of a description that stands before a name.
const ROLE: usize = 14;
/// Most bytes of a description that stands after a name.
const APPOSITION: usize = 110;

/// Everybody whom the text names, in order.
pub(super) fn names(words: &Words<'_>, sentences: &[Sentence], mentions: &[Mention]) -> Vec<NameMention> {
    let finder = Finder { words, sentences, mentions };
    let mut found = Vec::new();
    let mut i = 0;
    while i < words.all.len() {
        let end = finder.run(i);
        if end == i {
            i += 1;
            continue;
        }
        if let Some(mention) = finder.name(i, end) {
            found.push(mention);
        }
        i = end;
    }
    found
}

impl Finder<'_> {
    /// The end of the run of capitalised words that begins at `from`; `from` itself if none does.
    fn run(&self, from: usize) -> usize {
        let all = &self.words.all;
        let opener = |w: &Word<'_>| OPENERS.has(&w.plain) || CALENDAR.has(&w.plain);
        if !all[from].capital() || opener(&all[from]) {
            return from;
        }
        let mut end = from + 1;
        while end < all.len() && !all[end - 1].possessive() {
            if self.words.gap(end) != Some(" ") {
                break;
            }
            // Small words go on with a name only if a capital follows: "Ana de la Cruz".
            let mut next = end;
            while next < all.len()
                && next < end + 3
                && PARTICLES.has(all[next].text)
                && self.words.gap(next) == Some(" ")
            {
                next += 1;
            }
            let capital = all.get(next).is_some_and(|w| w.capital() && !CALENDAR.has(&w.plain));
            if !capital || self.words.gap(next) != Some(" ") {
                break;
            }
            end = next + 1;
        }
        end
    }

    /// Whether a word belongs to the name of a country, and not of its leader.
    fn country(&self, index: usize) -> bool {
        self.mention(index).is_some_and(|m| m.form != Form::Leader)
    }

    fn mention(&self, index: usize) -> Option<&Mention> {
        let span = self.words.all[index].span;
        let at = self.mentions.partition_point(|m| m.span.end <= span.start);
        self.mentions.get(at).filter(|m| m.span.overlaps(span))
    }

    /// A run of capitalised words as a name with what stands beside it.
    fn name(&self, run: usize, end: usize) -> Option<NameMention> {
        let all = &self.words.all;
        let mut start = run;
        while start < end && (TITLES.has(&all[start].plain) || self.country(start)) {
            // "Energy Minister German Galushko": a given name that is also a word for a country.
            if start > run && end - start == 2 && self.country(start) && TITLES.has(&all[start - 1].plain) {
                break;
            }
            start += 1;
        }
        // "Committee Chairman Viktor Petrov": what stands before the title belongs to it.
        let inner = (start..end.saturating_sub(1))
            .rev()
            .find(|i| TITLES.has(&all[*i].plain) || PERSON_HEADS.has(&all[*i].plain));
        if let Some(title) = inner
            && all[start..title].iter().any(|w| BODIES.has(&w.plain))
        {
            start = title + 1;
        }
        let next = |i: usize| (self.words.gap(i) == Some(" ")).then(|| &all[i]);
        let follows = (end < all.len()).then(|| next(end)).flatten();
        // "Christian Democrat deputy", "Foreign Office spokesman": not the name but a part of a description.
        let describes = follows.is_some_and(|w| {
            !all[end - 1].possessive() && (PERSON_HEADS.has(&w.plain) || BODIES.has(&w.plain)) && !w.capital()
        });
        if start == end || describes || all[start..end].iter().any(|w| BODIES.has(&w.plain)) {
            return None;
        }
        if end - start == 1 && all[start].text.chars().filter(|c| c.is_alphabetic()).count() < 2 {
            return None;
        }
        let before = (start > 0 && self.words.gap(start) == Some(" ")).then(|| &all[start - 1]);
        let role = self.role(start);
        let article = before.is_some_and(|w| has(&["the", "a", "an"], &w.plain));
        if article && role.is_none() {
            return None;
        }
        let sentence = all[start].sentence;
        let bounds = self.sentences.get(sentence)?.span;
        let name = Span::new(all[start].span.start, all[end - 1].span.start + trimmed(all[end - 1].text).len());
        let seat = self.seat(end, role.is_some());
        // Headlines in capitals and datelines name no people.
        let shouted = end - start > 1 && all[start..end].iter().all(|w| is_shouted(w.text));
        // "DAGNY SOLBERG (Norway)", "JUAN MORA, a lawyer".
        let signed = self.words.text.get(name.end..).is_some_and(|rest| {
            let lower = |r: &str| r.starts_with(|c: char| c.is_lowercase());
            rest.starts_with(" (") || self.words.gap(run).is_none() && rest.strip_prefix(", ").is_some_and(lower)
        });
        if shouted && role.is_none() && !signed {
            return None;
        }
        let after = if all[end - 1].possessive() { None } else { self.apposition(name.end, bounds.end) };
        let leader = self.mention(start).is_some_and(|m| m.form == Form::Leader);
        let place = before.is_some_and(|w| has(&["in", "at", "near", "around", "outside", "across", "from"], &w.plain));
        let mention = NameMention {
            name,
            words: start..end,
            role: role.map(|at| Span::new(all[at].span.start, name.start)),
            after: after.filter(|_| !place || role.is_some()),
            sentence,
            opens: false,
            sure: role.is_some() || leader || after.is_some() && !place && end - start > 1,
            seat,
            byline: bounds.of(self.words.text).starts_with("By "),
        };
        // "But Hugh Tanfield …", "South of the border Lazaros Dimou …": no other subject stands before.
        let lead = self.words.within(Span::new(bounds.start, mention.start()));
        let other = ["he", "she", "they", "it", "we", "i", "who", "that", "asked", "and"];
        let subject = |w: &Word<'_>| has(&other, &w.plain) || BREAKS.has(&w.plain) && !has(PREPOSITIONS, &w.plain);
        let opens = lead.is_empty() || lead.len() <= 5 && !lead.iter().any(subject);
        Some(NameMention { opens, ..mention })
    }

    /// The word with which a title or a description before the name begins.
    fn role(&self, start: usize) -> Option<usize> {
        let all = &self.words.all;
        let gap = self.words.gap(start)?;
        let apposed = gap == ", ";
        let head = &all[start - 1];
        if !(apposed || gap == " ") {
            return None;
        }
        let titled = TITLES.has(&head.plain) || PERSON_HEADS.has(&head.plain) || self.titular(start - 1);
        if !apposed && !titled {
            return None;
        }
        let mut best: Option<usize> = None;
        let mut person = !apposed;
        let mut i = start;
        while i > 0 && start - i < ROLE {
            let word = &all[i - 1];
            let inside = i == start || self.words.gap(i) == Some(" ");
            if !inside {
                break;
            }
            let determiner =
                has(&["the", "a", "an", "its", "his", "her", "their", "my", "our", "another", "one"], &word.plain);
            let preposition = has(&["of", "for", "and", "to", "in", "on", "at", "with", "by", "from"], &word.plain);
            let small = preposition && (apposed || has(&["of", "for", "and"], &word.plain));
            if !small && !determiner && (BREAKS.has(&word.plain) || OPENERS.has(&word.plain) && !word.capital()) {
                break;
            }
            if OPENERS.has(&word.plain) && !determiner && !small {
                break;
            }
            person |= PERSON_HEADS.has(&word.plain);
            i -= 1;
            if determiner {
                best = Some(i);
                // "to the minister": go on only through "of the", where a description may continue.
                let joined = i > 0
                    && self.words.gap(i) == Some(" ")
                    && (has(&["of", "for"], &all[i - 1].plain)
                        || apposed && has(&["to", "in", "at", "on"], &all[i - 1].plain));
                if !joined || (start - i > 9) {
                    break;
                }
            } else if word.possessive() {
                // "Côte d'Ivoire's", "the European Union's".
                while i > 0 && self.words.gap(i) == Some(" ") && all[i - 1].capital() && !OPENERS.has(&all[i - 1].plain)
                {
                    i -= 1;
                }
                let article = i > 0 && self.words.gap(i) == Some(" ") && all[i - 1].plain == "the";
                best = Some(i - usize::from(article));
                break;
            } else if self.country(i) || TITLES.has(&word.plain) || PERSON_HEADS.has(&word.plain) || word.capital() {
                let opens = i == 0 || self.words.gap(i).is_none_or(|g| g != " ");
                if !apposed || opens || best.is_some() || self.country(i) {
                    best = Some(i);
                }
            } else if apposed && (i == 0 || self.words.gap(i).is_none_or(|g| g.contains(['"', '“', '.', ';', ':']))) {
                best = Some(i);
            }
        }
        let best = best.filter(|_| person)?;
        // "the Leader of the Revolution, Ayatollah Ali Kazemi": a description before the title.
        let longer = if apposed || self.words.gap(best) != Some(", ") { None } else { self.role(best) };
        Some(longer.unwrap_or(best))
    }

    /// "of" and a place after a titled name.
    fn seat(&self, end: usize, titled: bool) -> Option<Span> {
        let all = &self.words.all;
        let of =
            titled && self.words.gap(end) == Some(" ") && all.get(end)?.plain == "of" && !all[end - 1].possessive();
        let run = (end + 1..all.len().min(end + 4))
            .take_while(|i| self.words.gap(*i) == Some(" ") && all[*i].capital() && !all[*i - 1].possessive());
        let last = run.last().filter(|_| of)?;
        // "President Wade of Senegal" is called so nowhere else; a senator is, by his state.
        if (end + 1..=last).any(|i| self.country(i)) {
            return None;
        }
        (!all[last].possessive() && !BODIES.has(&all[last].plain))
            .then(|| Span::new(all[end].span.start, all[last].span.end))
    }

    /// Whether a word ends an office whose last word is no title by itself: "Secretary of State", "Attorney General".
    fn titular(&self, index: usize) -> bool {
        let all = &self.words.all;
        index >= 2 && all[index].capital() && all[index - 1].plain == "of" && TITLES.has(&all[index - 2].plain)
    }

    /// A description after a name, as far as the next comma.
    fn apposition(&self, from: usize, end: usize) -> Option<Span> {
        let text = self.words.text;
        let mut end = end.min(from + APPOSITION).min(text.len());
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        let rest = text.get(from..end)?;
        let (skip, loose) = match rest {
            r if r.starts_with(", ") => (2, false),
            r if r.starts_with(" (") => (2, false),
            r if r.starts_with(" of ") => (1, true),
            _ => return None,
        };
        let body = &rest[skip..];
        let body = &body[..body.find([',', ')', ';', '"', '“', '”', '—', '–', ':']).unwrap_or(body.len())];
        let span = Span::new(from + skip, from + skip + body.len());
        if loose {
            // "of the Levant Energy Review said": the capitals tell where it ends.
            let words = self.words.within(span);
            let last = words.iter().skip(1).take_while(|w| w.capital() || has(&["the", "of", "and", "for"], &w.plain));
            let last = last.filter(|w| w.capital()).last()?;
            return Some(Span::new(span.start, last.span.end));
        }
        // "Ana Ruiz, 51, a seamstress".
        let aged = body.trim().chars().all(|c| c.is_ascii_digit()) && !body.is_empty();
        if aged {
            return self.apposition(span.end, end).or(Some(span));
        }
        let words = self.words.within(span);
        let first = words.first()?;
        let refused = [
            "who",
            "whose",
            "which",
            "said",
            "told",
            "speaking",
            "in",
            "on",
            "after",
            "before",
            "asked",
            "when",
            "while",
            "but",
            "and",
            "as",
            "adding",
            "he",
            "she",
            "it",
            "they",
            "has",
            "had",
            "was",
            "is",
            "says",
            "at",
            "to",
            "with",
            "where",
            "by",
            "for",
            "if",
            "meanwhile",
            "however",
            "too",
            "also",
        ];
        if has(&refused, &first.plain) {
            return None;
        }
        // "DAGNY SOLBERG (Norway)".
        let mentioned = |span: Span| {
            let at = self.mentions.partition_point(|m| m.span.end <= span.start);
            self.mentions.get(at).is_some_and(|m| m.span.start < span.end)
        };
        if rest.starts_with(" (") && mentioned(span) {
            return Some(span);
        }
        // What somebody does or where somebody lives tells less than what somebody is.
        let clause = [" who ", " whose ", " which ", " that "].iter().filter_map(|c| body.find(c)).min();
        let span = Span::new(span.start, clause.map_or(span.end, |at| span.start + at));
        let words = self.words.within(span);
        let article = has(&["a", "an", "the", "its", "his", "her", "their", "one", "then", "now"], &first.plain);
        // "foreign minister of Peru", but not "two weeks after the death of a boy".
        let near = if article || first.capital() { words.len() } else { 4 };
        let person = words.iter().take(near).any(|w| PERSON_HEADS.has(&w.plain));
        // Another name in a list is no description of the first.
        (person || article && !body.contains(" and ")).then_some(span)
    }
}

/// Whether a word of several letters stands in capitals.
fn is_shouted(word: &str) -> bool {
    word.chars().filter(|c| c.is_alphabetic()).count() > 1 && !word.chars().any(char::is_lowercase)
}

/// Whether a title tells the gender: `Some(true)` for a woman.
pub(super) fn gender(title: &str) -> Option<bool> {
    let mut words = title.split_whitespace().map(|w| super::tokens::plain(w.trim_end_matches(',')));
    words.find_map(|w| if WOMEN.has(&w) { Some(true) } else { MEN.has(&w).then_some(false) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::sentences;

    fn of(text: &str) -> Vec<(String, String)> {
        let sentences = sentences(text);
        names(&Words::new(text, &sentences), &sentences, &[])
            .iter()
            .map(|n| (n.span().of(text).to_owned(), n.name.of(text).to_owned()))
            .collect()
    }

    #[test]
    fn titles_stand_apart() {
        let pair = |a: &str, b: &str| (a.to_owned(), b.to_owned());
        assert_eq!(of("Then Foreign Minister Ana Ruiz left."), [pair("Foreign Minister Ana Ruiz", "Ana Ruiz")]);
        assert_eq!(of("He met spokesman Hideo Takamori."), [pair("spokesman Hideo Takamori", "Hideo Takamori")]);
        assert_eq!(of("On Monday, Gen. J. R. Abara's men left."), [pair("Gen. J. R. Abara", "J. R. Abara")]);
        assert_eq!(of("Later Omar bin Said of Oman came.").first(), Some(&pair("Omar bin Said", "Omar bin Said")));
    }

    #[test]
    fn particles_and_hyphens_belong_to_the_name() {
        let name = |text: &str| of(text).first().map(|n| n.1.clone()).unwrap_or_default();
        assert_eq!(name("The liberal senator Ayman el-Shafei left."), "Ayman el-Shafei");
        assert_eq!(name("Energy Minister Ana de la Cruz left."), "Ana de la Cruz");
        assert_eq!(name("Energy Minister Ana left the Cruz."), "Ana");
    }

    #[test]
    fn a_description_before_a_name_is_its_role() {
        let role = |text: &str| of(text).first().map(|n| n.0.clone()).unwrap_or_default();
        assert_eq!(role("The parliament speaker, Ali Vahedi, left."), "The parliament speaker, Ali Vahedi");
        assert_eq!(role("In the morning, Ali Vahedi left."), "Ali Vahedi");
    }

    #[test]
    fn bodies_and_headlines_in_capitals_name_nobody() {
        assert_eq!(of("The Justice Ministry and the National Bank agreed."), []);
        assert_eq!(of("ANA RUIZ SAYS NO"), []);
    }
}
