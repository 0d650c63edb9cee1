//! Word lists that the rules of context need: words between spaces, in small letters.

/// Words that stand before the name of a leader, without full stop and in small letters.
pub(super) const TITLES: &str = "\
    president presidents president-elect premier minister ministers chancellor secretary leader king queen emperor \
    emir sheikh prince ayatollah mullah dictator ruler strongman pres sec taoiseach general gen colonel col pm \
    commander";

/// What follows the surname of a president who is spoken of as a government.
pub(super) const PRESIDENCY: &str = "administration presidency regime doctrine";
/// What follows the surname of the head of a government.
pub(super) const CABINET: &str = "government cabinet administration regime";

/// Titles that make the next word the surname of a person who stands for no country.
pub(super) const PRIVATE_TITLES: &str = "\
    mr mrs ms miss dr sen senator rep representative congressman congresswoman judge justice coach sir lady lord \
    professor prof officer sgt attorney actor actress singer guitarist detective deputy chairman councilman governor \
    gov";

/// Capitalised words that may stand beside a country or a leader without making a personal name of it.
pub(super) const BESIDE: &str = "\
    president prime minister foreign king queen prince princess crown ambassador government parliament army \
    chancellor premier secretary defense defence interior finance police radio television tv monday tuesday \
    wednesday thursday friday saturday sunday january february march april may june july august september october \
    november december jan feb aug sept oct nov dec but and or if when while for as the after before with that this \
    since in on to by from at of how why what where will would could can is was has had did does do although though \
    because until once like unlike under against between both he she it they we yes no not so then now meanwhile \
    former late new neighboring neighbouring nearby northern southern eastern western central north south east west \
    northeastern northwestern inside outside across only even also saying whether over about dear thank team fc \
    united embassy republican republicans democrat democrats democratic conservative labour labor leader gop general \
    gen hashemite ayatollah sheikh emperor emir mrs mr ms then-president sheik colonel col nato eu un u.n congress \
    senate state ex-president supreme comrade brother pope instead today yesterday earlier later there here";

/// First names that make a personal name of the word that follows, also where a sentence begins.
pub(super) const GIVEN: &str = "\
    michael jim james john robert david william richard joseph thomas charles christopher daniel matthew anthony \
    mark donald steven steve paul andrew joshua kenneth kevin brian george edward ronald timothy jason jeffrey ryan \
    jacob gary nicholas eric jonathan stephen larry justin scott brandon benjamin samuel gregory frank alexander \
    raymond patrick jack dennis jerry tyler aaron jose adam nathan henry douglas peter zachary kyle walter ethan \
    jeremy keith mary patricia jennifer linda elizabeth barbara susan jessica sarah karen lisa nancy betty margaret \
    sandra ashley kimberly emily donna michelle carol amanda dorothy melissa deborah stephanie rebecca sharon laura \
    cynthia kathleen amy angela shirley anna brenda pamela emma nicole helen samantha katherine christine debra \
    rachel tom bob bill mike joe dan dave chris tim ben sam matt tony greg ken vernon deandre barbra hamilton louis \
    simon neil alan ian kathy jill jenna jimmy kareem denzel julie irving isaiah hunter eddie eddy todd bobby tommy \
    jordan";

/// What follows *the United States* where it is a noun and no part of a longer one, beside past tenses and adverbs.
pub(super) const AFTER_NOUN: &str = "\
    and or but nor to in on at of for from by with without as than that which who whose where when while if because \
    since until after before over under against about into through during between among toward towards via is was \
    are were be been being has had have having do does did will would can could shall should may might must not \
    never also now still no so yet again once then there here this last next says said say wants want seeks sought \
    calls makes made takes took gives gave goes went knows knew thinks thought sees saw keeps kept holds held leads \
    led sends sent tells told urges accuses rejects denies demands needs believes hopes plans expects supports \
    opposes remains continues refuses agrees insists warns began begins became becomes broke lost loses won wins put \
    puts set sets lets let uses tries meant means spent spends brought brings bought sold sells withdrew withdraws \
    imposes considers faces got gets ought cannot due amid despite itself alone together too more all any it they he \
    she we you i its their his her the a an just even only ever soon instead left came comes fell falls fought \
    fights ran runs stood stands won't isn't wasn't doesn't didn't hasn't hadn't wouldn't couldn't can't shouldn't \
    what how why whether back out up off down per like unless though although today monday tuesday wednesday \
    thursday friday saturday sunday would've both along";

/// Words on *-ed* that describe what follows and are no past tense.
pub(super) const ED_ADJECTIVES: &str = "armed united combined detailed registered unmanned red";

/// Words on *-ly* that describe what follows and are no adverb.
pub(super) const LY_ADJECTIVES: &str = "early daily weekly monthly only family friendly supply";

/// States and provinces that follow a town that is called like a country or a capital, with their abbreviations;
/// between bars, since some are two words.
pub(super) const STATES: &str = "\
    Alabama|Ala|Arizona|Ariz|Arkansas|Ark|California|Calif|Colorado|Colo|Connecticut|Conn|Florida|Fla|\
    Georgia|Ga|Idaho|Illinois|Ill|Indiana|Ind|Iowa|Kansas|Kentucky|Ky|Louisiana|Maine|Maryland|Md|\
    Massachusetts|Mass|Michigan|Mich|Minnesota|Minn|Mississippi|Miss|Missouri|Mo|Montana|Mont|Nebraska|\
    Neb|Nevada|New Hampshire|N.H|New Jersey|N.J|New York|N.Y|North Carolina|N.C|Ohio|Oklahoma|Okla|\
    Oregon|Ore|Pennsylvania|Pa|South Carolina|S.C|Tennessee|Tenn|Texas|Tex|Utah|Vermont|Vt|Virginia|\
    Va|West Virginia|W.Va|Wisconsin|Wis|Wyoming|Ontario|D.C|TX|NY|PA|OH|CA|NH|TN|KY";

/// Adjectives that are the name of a language too.
pub(super) const LANGUAGES: &str = "\
    french german spanish russian chinese japanese korean turkish portuguese italian dutch polish greek ukrainian \
    swedish danish norwegian finnish hungarian czech romanian bulgarian serbian croatian thai vietnamese indonesian \
    somali burmese welsh irish albanian georgian armenian tajik uzbek kazakh kyrgyz nepali lao malay";

/// Words before the name of a language.
pub(super) const BEFORE_LANGUAGE: &str = "\
    in into speak speaks spoke speaking spoken fluent learn learned learning teach taught understand understands \
    broken from";

/// Words after *US* in a headline in capitals that show it to be the country.
pub(super) const AFTER_US: &str = "\
    troops forces sanctions envoy officials official president senator senators senate congress army navy military \
    embassy ambassador talks deal strike strikes raid says said urges warns accuses rejects denies condemns calls \
    seeks vows slams threatens blames offers demands wants imposes lifts backs will must is has and secretary dollar \
    economy court plan policy base bases aid arms weapons drone drones soldiers soldier marines ship ships warship \
    spy journalist election bid offer proposal move pressure invasion war ally allies citizens defense state";

/// Whether `list` has `word`, which is in any case.
pub(super) fn has(list: &str, word: &str) -> bool {
    list.split_ascii_whitespace().any(|other| other.eq_ignore_ascii_case(word))
}
