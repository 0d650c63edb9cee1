//! Word lists of speaker resolution.

use std::collections::{HashMap, HashSet};
use std::sync::OnceLock;

/// Words or phrases in lower case, set off by commas.
pub(super) struct List {
    text: &'static str,
    set: OnceLock<HashSet<&'static str>>,
}

impl List {
    const fn new(text: &'static str) -> Self {
        Self { text, set: OnceLock::new() }
    }

    /// Whether the list has `word`, which is in lower case and without a final full stop.
    pub(super) fn has(&self, word: &str) -> bool {
        self.set.get_or_init(|| self.iter().collect()).contains(word)
    }

    /// The words, in order.
    pub(super) fn iter(&self) -> impl Iterator<Item = &'static str> + use<> {
        self.text.split(',').map(str::trim).filter(|w| !w.is_empty())
    }
}

/// Words or phrases by country, in lower case: on each line a code, a colon and the words.
pub(super) struct ByCountry {
    text: &'static str,
    map: OnceLock<HashMap<&'static str, &'static str>>,
}

impl ByCountry {
    const fn new(text: &'static str) -> Self {
        Self { text, map: OnceLock::new() }
    }

    /// The code of the country to which a word belongs.
    pub(super) fn get(&self, word: &str) -> Option<&'static str> {
        self.map.get_or_init(|| self.iter().collect()).get(word).copied()
    }

    /// Words with the codes of their countries, in order.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&'static str, &'static str)> + use<> {
        let lines = self.text.lines().filter_map(|line| line.trim().split_once(':'));
        lines.flat_map(|(code, words)| words.split(',').map(move |w| (w.trim(), code)).filter(|(w, _)| !w.is_empty()))
    }
}

/// Whether `list` has `word`.
pub(super) fn has(list: &[&str], word: &str) -> bool {
    list.contains(&word)
}

/// Words that stand before a name as a title or as part of an office, in lower case and without full stops.
pub(super) static TITLES: List = List::new(
    "mr, mrs, ms, miss, dr, prof, professor, sir, lord, lady, dame, president, premier, prime, minister, chancellor,
    secretary, senator, sen, representative, rep, congressman, congresswoman, gov, governor, mayor, ambassador,
    envoy, spokesman, spokeswoman, spokesperson, general, gen, lt, lieutenant, col, colonel, maj, major, capt,
    captain, admiral, adm, rear, commander, marshal, brigadier, sergeant, king, queen, prince, princess, crown,
    emir, sultan, sheikh, shaikh, ayatollah, grand, supreme, leader, imam, pope, cardinal, archbishop, bishop,
    patriarch, rabbi, father, reverend, rev, judge, justice, prosecutor, attorney, speaker, chairman, chairwoman,
    chair, chief, director, head, commissioner, deputy, vice, acting, interim, former, ex-president, foreign,
    defence, defense, interior, finance, trade, energy, health, agriculture, economy, economic, state, national,
    security, adviser, advisor, under, assistant, permanent, opposition, party, press, lawmaker, mp, counsellor,
    consul, charge, high, ex-minister, ex-premier, baroness, baron, count, duke, duchess, emperor, empress, mullah,
    maulana, mufti, molavi, hojatoleslam, sayyid, tan, datuk, dato, sri, hon, honourable, honorable, excellency,
    majesty, monsignor, msgr, sister, brother, pastor, taoiseach, tanaiste, pm, fm, sgt, inspector, superintendent,
    constable, special, vice-president, vice-premier, vice-minister, environment, industry, home, affairs, culture,
    transport, education, labour, labor, oil, information, planning, fisheries, water, europe, immigration, welfare,
    development, tourism, cabinet, treasury, majority, minority, whip, md, correspondent, republican, democrat",
);

/// Words that can end the description of a person.
pub(super) static PERSON_HEADS: List = List::new(
    "president, premier, minister, chancellor, secretary, senator, governor, mayor, ambassador, envoy, spokesman,
    spokeswoman, spokesperson, general, colonel, admiral, commander, king, queen, prince, emir, leader, pope,
    archbishop, judge, prosecutor, speaker, chairman, chairwoman, chief, director, head, commissioner, deputy,
    adviser, advisor, official, diplomat, lawmaker, analyst, lawyer, professor, economist, candidate,
    representative, delegate, negotiator, mediator, captain, officer, activist, historian, expert, congressman,
    congresswoman, mp, politician, cleric, owner, farmer, woman, man, girl, boy, taoiseach, president-elect, whip,
    vice-president, vice-premier, vice-minister, councillor, councilman, councilwoman, counsellor, commissar,
    ex-president, ex-minister, ex-premier, marshal, major, lieutenant, sergeant, brigadier, soldier, fighter,
    warlord, rebel, bishop, cardinal, patriarch, rabbi, imam, priest, pastor, monk, nun, ayatollah, sheikh, sheik,
    mullah, emperor, princess, sultan, ruler, monarch, duke, baroness, lord, peer, solicitor, barrister, attorney,
    counsel, advocate, magistrate, doctor, nurse, surgeon, teacher, student, pupil, lecturer, academic, scholar,
    scientist, researcher, biologist, physicist, geologist, engineer, author, writer, poet, novelist, journalist,
    reporter, editor, columnist, correspondent, broadcaster, blogger, photographer, publisher, commentator,
    observer, specialist, consultant, strategist, trader, broker, banker, manager, executive, founder, entrepreneur,
    businessman, businesswoman, merchant, shopkeeper, grocer, baker, butcher, driver, pilot, sailor, skipper,
    fisherman, fishmonger, shepherd, herder, grower, miner, worker, clerk, seamstress, tailor, carpenter, mechanic,
    plumber, electrician, waiter, waitress, cook, chef, hotelier, guide, guard, porter, vendor, seller, resident,
    villager, citizen, refugee, migrant, tourist, passenger, witness, survivor, victim, widow, widower, mother,
    father, son, daughter, brother, sister, wife, husband, grandmother, grandfather, uncle, aunt, cousin, neighbour,
    neighbor, friend, pensioner, retiree, veteran, member, treasurer, trustee, organiser, organizer, campaigner,
    protester, demonstrator, dissident, exile, opponent, critic, supporter, aide, assistant, counterpart, colleague,
    predecessor, successor, boss, coach, player, singer, actor, actress, artist, musician, director-general,
    secretary-general, undersecretary, under-secretary, co-founder, co-chair, co-chairman, president-designate,
    rapporteur, inspector, investigator, detective, superintendent, constable, policeman, policewoman, collector,
    administrator, registrar, auditor, governor-general, consul, legate, nuncio, attaché, facilitator, coordinator,
    co-ordinator, strongman, dictator, statesman, stateswoman, chairperson, chair, moderator, host, presenter,
    anchor, voter, donor, investor, importer, exporter, customer, reader, caller, listener, ombudsman, ombudswoman,
    harbourmaster, warden, ranger, keeper, curator, librarian, archaeologist, linguist, philosopher, theologian,
    sociologist, psychologist, geographer",
);

/// Offices and bodies that belong to a state even where the text does not say to which.
pub(super) static STATE_WORDS: List = List::new(
    "president, premier, minister, ministry, chancellor, government, cabinet, parliament, congress, senate, senator,
    army, military, navy, police, court, prosecutor, king, queen, emir, secretary, ambassador, embassy, envoy,
    administration, state, official, officials, authorities, governor, lawmaker, lawmakers, mp, opposition, deputy,
    congressman, treasury, spokesman, spokeswoman, spokesperson, foreign, presidency, ministries, ministers, consul,
    consulate, mission, delegation, delegate, representative, parliamentary, majority, ruling, regulator, leader,
    taoiseach, chief, general, colonel, admiral, commander, mayor, customs, authority, commissioner, attorney,
    judge, justice, undersecretary, prince, princess, councillor, sultan, palace, diplomat, diplomats, troops,
    forces, soldiers, guard, head, negotiator, country, nation, kingdom, republic, state-run, national, senators,
    deputies, governors, mps, pm, legislature, chancellery, department, assembly, prosecutors, presidential, chiefs,
    coalition, party, parties, voters, republicans, democrats, labor, labour, tories, greens, conservatives,
    electoral, junta, crown, chamber, board, industry, farmers, growers, importers, exporters, dairymen, fishermen,
    hosts, campaign, vice-president, office, speakers, backbenchers, campaigners, skippers, residents, traders,
    unions, union, families, family, shepherds, villagers",
);

/// Bodies that speak for no state.
pub(super) static STATELESS: List = List::new(
    "united nations, u.n., un, security council, general assembly, european union, european commission, eu, e.u.,
    nato, african union, arab league, asean, ecowas, osce, imf, world bank, world health, red cross, amnesty,
    human rights watch, greenpeace, reuters, associated press, world trade organi, atomic energy agency, iaea,
    hezbollah, hamas, taliban, islamic state, al-qaeda, opcw, icc, organization of american states,
    organisation of american states, organization of islamic, organisation of islamic, commonwealth, interpol, opec,
    unicef, unhcr, unesco, wto, icj, international court, international criminal court, international olympic, fifa,
    uefa, médecins sans, doctors without borders, human rights groups, aid agencies, aid groups, aid workers,
    press reports, news reports, news agency, newspaper, newspapers, eurocontrol, mercosur, caricom,
    gulf cooperation, group of seven, group of eight, g7, g8, g20, opec+, quartet, al-shabaab, boko haram, pkk,
    isis, islamic jihad, both sides, both governments, both countries, both capitals, two countries,
    two governments, two sides, both ministers, its neighbours, its neighbors, secretary-general, un's, eu's,
    nato's, the union, european council, european parliament, european central bank, caribbean community,
    human rights group, rights groups, rights group, human rights lawyers, sentinel, tribune, gazette, chronicle,
    telegraph, herald, the correspondent, the times, daily, magazine",
);

/// Offices that exist in the United States alone, before the name of who holds them.
pub(super) static AMERICAN: List = List::new(
    "sen, senator, rep, representative, congressman, congresswoman, gov, governor, state, lawmaker, delegate",
);

/// Names of offices that are at home in one country, where nothing else tells.
pub(super) static OFFICES: ByCountry = ByCountry::new(
    "
    USA: state department, pentagon, defense secretary, homeland security, press secretary, white house,
    USA: national security council, senate majority, senate minority, house majority, house minority,
    USA: federal reserve, congressman, congresswoman, state rep, border patrol
    GBR: foreign office, home office, home secretary, defence secretary, downing street, no 10, no. 10, baroness,
    GBR: chancellor of the exchequer, labour mp, conservative mp, tory
    CHE: federal councillor
    IRL: taoiseach, tánaiste, teachta
    DEU: bundestag
    RUS: duma
    UKR: verkhovna rada
    POL: sejm
    DNK: folketing
    SWE: riksdag
    NOR: storting
    ISR: knesset
    IRN: majlis
    IND: lok sabha",
);

/// Those among the offices whose name alone tells enough.
pub(super) static PLAIN_OFFICES: List = List::new(
    "state department, defense secretary, homeland security, press secretary, national security council,
    senate majority, house majority, downing street, home secretary, foreign office",
);

/// Words of a country's own politics, which its newspapers use without its name.
pub(super) static POLITICS: ByCountry = ByCountry::new(
    "
    USA: republicans, republican, democrats, democrat, gop, capitol, senate, gov, sen, rep, defense
    GBR: tory, tories, commons, whitehall, labour, conservatives, backbencher, backbenchers, mps, brexit
    IRL: taoiseach, dáil, tánaiste, garda, gardaí
    ISR: knesset
    DEU: bundestag
    RUS: duma
    IRN: majlis
    UKR: rada
    POL: sejm
    DNK: folketing
    SWE: riksdag
    NOR: storting
    IND: lok, rajya, bjp, rupees
    AUS: labor, queensland
    CAN: quebec",
);

/// Large cities that are no capitals and stand in datelines without their country.
pub(super) static CITIES: ByCountry = ByCountry::new(
    "
    USA: atlanta, austin, baltimore, boston, chicago, cincinnati, cleveland, dallas, denver, detroit, honolulu,
    USA: houston, indianapolis, las vegas, los angeles, miami, milwaukee, minneapolis, new orleans, new york,
    USA: oklahoma city, philadelphia, phoenix, pittsburgh, st. louis, salt lake city, san antonio, san diego,
    USA: san francisco, seattle, portland, sacramento
    AUS: sydney, melbourne, brisbane, perth, adelaide, darwin
    CAN: toronto, montreal, vancouver, calgary, quebec city, halifax, winnipeg
    GBR: manchester, birmingham, edinburgh, glasgow, belfast, cardiff, liverpool, leeds
    DEU: munich, hamburg, frankfurt, cologne, düsseldorf, stuttgart, leipzig, dresden
    FRA: marseille, lyon, strasbourg, toulouse, bordeaux, calais
    ITA: milan, naples, turin, venice, palermo, trieste
    ESP: barcelona, seville, valencia
    NLD: rotterdam, the hague
    BEL: antwerp
    CHE: zurich, basel
    RUS: st petersburg, st. petersburg, vladivostok, kazan, sochi, grozny, murmansk
    UKR: kharkiv, odesa, odessa, lviv, donetsk, mariupol
    POL: gdansk, krakow, warsaw
    TUR: istanbul, izmir, diyarbakir, gaziantep
    GRC: thessaloniki
    ROU: constanta
    CHN: shanghai, guangzhou, shenzhen, chengdu, urumqi, lhasa
    JPN: osaka, kyoto, hiroshima
    KOR: busan, pusan
    IND: mumbai, bombay, kolkata, calcutta, chennai, srinagar, bangalore
    PAK: karachi, lahore, peshawar, quetta
    BGD: chittagong, cox's bazar
    AFG: kandahar, herat, jalalabad, mazar-i-sharif
    KAZ: almaty
    KGZ: osh
    VNM: ho chi minh city, ha noi, danang
    MMR: yangon, rangoon
    MDV: male
    IRQ: basra, mosul, erbil, kirkuk
    IRN: isfahan, mashhad, tabriz
    YEM: aden
    SAU: jeddah, mecca, dhahran
    ARE: dubai
    SYR: aleppo, homs
    EGY: alexandria
    LBY: benghazi, misrata
    MAR: casablanca, marrakesh, tangier
    DZA: oran
    NGA: lagos, kano, maiduguri
    ZAF: johannesburg, durban
    KEN: mombasa, kisumu
    CIV: abidjan
    CMR: douala
    TZA: dar es salaam, arusha
    COD: goma, lubumbashi
    SDN: port sudan, el fasher
    BRA: rio de janeiro, sao paulo, são paulo
    COL: cali
    MEX: tijuana, monterrey, guadalajara, ciudad juarez
    ECU: guayaquil
    CRI: san jose
    NZL: auckland, christchurch
    PHL: cebu, davao
    IDN: surabaya, denpasar",
);

/// Short forms of the states of the United States in datelines.
pub(super) static STATE_FORMS: List = List::new(
    "ala, ariz, ark, calif, colo, conn, del, fla, ga, ill, ind, kan, ky, la, md, mass, mich, minn, miss, mo, mont,
    neb, nev, n.h, n.j, n.m, n.y, n.c, n.d, okla, ore, pa, r.i, s.c, s.d, tenn, vt, va, wash, w.va, wis, wyo, d.c,
    dc",
);

/// The states of the United States.
pub(super) static STATES: List = List::new(
    "alabama, alaska, arizona, arkansas, california, colorado, connecticut, delaware, florida, georgia, hawaii,
    idaho, illinois, indiana, iowa, kansas, kentucky, louisiana, maine, maryland, massachusetts, michigan,
    minnesota, mississippi, missouri, montana, nebraska, nevada, hampshire, jersey, new mexico, york, carolina,
    dakota, ohio, oklahoma, oregon, pennsylvania, island, tennessee, texas, utah, vermont, virginia, washington,
    wisconsin, wyoming",
);

/// Capitalised words that open sentences and are no names.
pub(super) static OPENERS: List = List::new(
    "the, a, an, in, on, at, by, for, from, to, of, with, without, but, and, or, as, if, when, while, after, before,
    since, until, he, she, it, they, we, i, you, his, her, its, their, our, my, your, this, that, these, those,
    there, here, what, who, why, how, which, where, no, not, yes, all, some, many, most, both, one, two, three,
    four, five, asked, speaking, earlier, later, last, next, now, then, so, yet, still, even, only, once, more,
    other, another, each, every, such, than, also, about, nor, ours, mine, yours, theirs, hers, everyone, everybody,
    nobody, someone, somebody, anyone, anybody, nothing, something, everything, anything, none, replying, answering,
    responding, turning, referring, commenting, addressing, according, despite, instead, perhaps, maybe, meanwhile,
    however, though, although, because, unless, whether, whose, whoever, whatever, during, between, among, under,
    over, through, across, against, within, behind, beyond, near, like, unlike, let, say, says, said, ask, did,
    does, do, is, are, was, were, will, would, can, could, may, might, must, should, shall, has, have, had,
    yesterday, today, tomorrow, tonight, first, second, third, few, several, little, much, own, q, question, answer,
    whereas, quite, rather, too, very, never, always, often, sometimes, again, just, dear, thank, thanks, please,
    welcome, pressed, questioned, citing, noting, quoting, recalling, be, been, being, am, ok, okay, well, six,
    seven, eight, nine, ten, half, ladies, gentlemen, good, per, via, firms, ministers, camps, officials, growers,
    campaigners, analysts, diplomats, residents, government, governments",
);

/// Words that make a capitalised run the name of a body, a place or a thing.
pub(super) static BODIES: List = List::new(
    "ministry, department, council, committee, commission, agency, bank, company, corporation, university, institute,
    party, front, union, league, organisation, organization, court, house, senate, congress, parliament, assembly,
    army, navy, police, guard, guards, office, bureau, times, post, news, journal, herald, gazette, press,
    television, radio, street, square, airport, river, sea, ocean, gulf, islands, island, group, fund, treaty, act,
    agreement, war, conference, embassy, airlines, nations, government, ministries, authority, administration,
    board, federation, confederation, association, society, foundation, centre, center, trust, movement, alliance,
    coalition, network, forum, academy, college, school, hospital, church, mosque, cathedral, temple, tribunal,
    chamber, exchange, market, markets, holdings, limited, ltd, inc, corp, plc, co, gmbh, oil, gas, petroleum,
    energy, airways, railways, lines, motors, review, tribune, telegraph, guardian, observer, chronicle, monitor,
    weekly, daily, magazine, service, services, wire, channel, mission, delegation, secretariat, presidency,
    vatican, province, republic, kingdom, emirates, states, state, region, district, county, city, town, village,
    port, bay, strait, straits, cape, peninsula, mountain, mountains, valley, lake, canal, bridge, road, avenue,
    boulevard, palace, castle, hotel, stadium, park, forest, desert, coast, border, north, south, east, west,
    northern, southern, eastern, central, africa, asia, europe, america, balkans, caribbean, pacific, atlantic,
    mediterranean, arctic, antarctic, middle, convention, protocol, charter, accord, accords, pact, declaration,
    resolution, plan, programme, program, project, initiative, summit, festival, games, cup, olympics, day, week,
    month, year, christmas, easter, ramadan, new, security, working, human, rights, foreign, affairs, trade,
    customs, treasury, pentagon, interpol, community, communities, command, force, forces, brigade, battalion,
    regiment, corps, fleet, squadron, intelligence, democrats, democrat, republicans, republican, conservatives,
    conservative, labour, socialist, socialists, communist, communists, liberals, christian, christians, muslim,
    muslims, islamic, jewish, jews, catholic, orthodox, protestant, sunni, shia, shiite, kurdish, kurds, arab,
    arabs, african, asian, european, western, presidential, parliamentary, supreme, high, general, permanent,
    representative, representatives, delegates, ministerial, soviet, taliban, hamas, hezbollah",
);

/// Words that cannot stand inside a description of somebody that is read backwards from a name.
pub(super) static BREAKS: List = List::new(
    "said, says, told, tells, asked, asks, with, by, from, to, in, on, at, as, that, but, or, if, when, while, after,
    before, is, are, was, were, has, have, had, will, would, who, which, he, she, it, they, we, i, met, called,
    urged, accused, where, because, than",
);

/// Small words that can stand inside a name.
pub(super) static PARTICLES: List =
    List::new("de, da, do, dos, das, del, della, di, du, la, le, van, von, der, den, ter, bin, ibn, al, el, ul, y");

/// Days and months, which are capitalised and no names.
pub(super) static CALENDAR: List = List::new(
    "monday, tuesday, wednesday, thursday, friday, saturday, sunday, january, february, march, april, may, june,
    july, august, september, october, november, december, jan, feb, mar, apr, jun, jul, aug, sept, sep, oct, nov,
    dec",
);

/// Posts whose place or counterpart is another country than the one that they serve.
pub(super) static MISSIONS: List = List::new(
    "ambassador, envoy, embassy, consul, consulate, diplomat, diplomats, commissioner, representative, delegate,
    mission, attaché, correspondent, negotiator, mediator, rapporteur, chargé, charge, legate, nuncio, ambassadors,
    envoys, negotiators",
);

/// People who speak for no state unless the text says so.
pub(super) static ANALYSTS: List = List::new(
    "analyst, analysts, expert, experts, economist, economists, observers, commentators, historians, critics,
    traders, brokers, scientists, researchers, correspondent, correspondents, reporter, reporters, sources, rebels,
    insurgents, militants, gunmen, hijackers, monitors",
);

/// Things that somebody wrote, and that speak for whom.
pub(super) static DOCUMENTS: List = List::new(
    "statement, letter, note, report, communiqué, communique, text, declaration, message, document, release, memo,
    memorandum, article, editorial",
);

/// Words that make an office a lesser one.
pub(super) static LESSER: List = List::new(
    "deputy, vice, assistant, former, ex-president, ex-minister, junior, under, acting, shadow, vice-president,
    vice-minister, vice-premier",
);

/// Words for the same office.
pub(super) const SAME_OFFICE: &[&[&str]] = &[
    &["premier", "pm", "taoiseach", "chancellor"],
    &["spokesman", "spokeswoman", "spokesperson"],
    &["envoy", "ambassador"],
    &["lawmaker", "mp", "senator", "deputy", "congressman", "congresswoman"],
    &["chairman", "chairwoman", "chair", "chairperson"],
    &["doctor", "dr"],
    &["sheikh", "shaikh", "sheik"],
    &["general", "gen"],
    &["colonel", "col"],
    &["governor", "gov"],
];

/// Words of a title that tell a woman.
pub(super) static WOMEN: List = List::new(
    "mrs, ms, miss, lady, dame, queen, princess, spokeswoman, chairwoman, congresswoman, woman, businesswoman",
);

/// Words of a title that tell a man.
pub(super) static MEN: List = List::new(
    "mr, sir, lord, king, prince, spokesman, chairman, congressman, ayatollah, pope, father, imam, sheikh, emir,
    archbishop, cardinal",
);
