//! What is encoded: sentences and articles of the corpus, as word-piece ids between `[CLS]` and `[SEP]`.

use std::path::Path;

use demarche::corpus;
use demarche::encoder::{Document, ModelConfig, Tokenizer};
use demarche::stance::Stance;
use demarche::statement::TAG_NAMES;
use demarche::text::{sentences, token_range};
use serde::{Deserialize, Serialize};

use super::Outcome;

/// Sequences of word-piece ids.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Texts {
    /// Single sentences.
    sentences: Vec<Vec<u32>>,
    /// The windows of whole articles.
    articles: Vec<Vec<u32>>,
}

impl Texts {
    /// Takes the sentences of the first passages and the windows of the longest.
    pub(crate) fn collect(model: &Path, folder: &Path, most_sentences: usize, most_articles: usize) -> Outcome<Self> {
        let tokenizer = Tokenizer::read(&model.join("tokenizer.json"))?;
        let stances = Stance::ALL.map(Stance::as_str);
        let config = ModelConfig::read(&model.join("demarche.json"), &TAG_NAMES, &stances)?;
        let mut passages = corpus::load(folder)?;
        let mut texts = Self { sentences: Vec::new(), articles: Vec::new() };
        for passage in &passages {
            let tokens = tokenizer.tokenize(&passage.text)?;
            for sentence in sentences(&passage.text).iter().take(most_sentences - texts.sentences.len()) {
                let rows = token_range(&tokens.spans, sentence.span);
                let rows = rows.start..rows.end.min(rows.start + config.window);
                texts.sentences.push(between(&tokenizer, &tokens.ids[rows]));
            }
        }
        // The others are news in brief.
        passages.sort_by_key(|passage| std::cmp::Reverse(passage.text.len()));
        for passage in passages.iter().take(most_articles) {
            let split = sentences(&passage.text);
            let document = Document::new(&tokenizer, &passage.text, &split, config.window, config.context)?;
            texts.articles.extend(document.windows.iter().map(|window| document.sequence(&tokenizer, window)));
        }
        if texts.all().iter().any(|(_, sequences)| sequences.is_empty()) {
            return Err(format!("expected sentences and articles in {}, got none", folder.display()).into());
        }
        Ok(texts)
    }

    /// The kinds of texts with their names.
    pub(crate) fn all(&self) -> [(&'static str, &[Vec<u32>]); 2] {
        [("sentences", &self.sentences), ("articles", &self.articles)]
    }

    /// The texts of this name.
    pub(crate) fn named(&self, name: &str) -> Option<(&'static str, &[Vec<u32>])> {
        self.all().into_iter().find(|(own, _)| *own == name)
    }
}

fn between(tokenizer: &Tokenizer, ids: &[u32]) -> Vec<u32> {
    [&[tokenizer.cls], ids, &[tokenizer.sep]].concat()
}
