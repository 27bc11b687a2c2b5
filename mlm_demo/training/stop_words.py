"""Words that say nothing about a domain: English function words, and the words that papers of any field use.

In lower case and, for nouns, in the singular: `is_stop_word` finds the plural and the parts of a compound. Words that
are common in one field only (patient, cell, market) are not here.
"""

FUNCTION_WORDS = """
a about above across after afterwards again against all almost alone along already also although altogether always am
amid among amongst an and another any anybody anyone anything anyway anywhere apart are aren around as aside at away
back be became because become becomes becoming been before beforehand being below beneath beside besides between
beyond both but by came can cannot come comes coming could couldn despite did didn do does doesn doing don done down
during each eight eighth either eleven else elsewhere enough especially etc even eventually ever every everybody
everyone everything everywhere except far few fewer fifteen fifth fifty first five for former formerly forty forward
four fourth from further furthermore gave get gets getting give given gives giving go goes going gone got had hadn has
hasn have haven having he hence her here hereby herein hers herself him himself his hither how however hundred i if in
indeed inside instead into is isn it its itself just keep keeps kept last lastly latter lest let lets like likewise
little made make makes making many may maybe me meanwhile might mine more moreover most mostly much must my myself
near nearly neither never nevertheless next nine ninth no nobody none nonetheless nor not nothing notwithstanding now
nowadays nowhere of off often on once one oneself only onto or other others otherwise ought our ours ourselves out
outside over own per perhaps please plus put quite rather really regardless same saw second see seeing seem seemed
seeming seems seen sees self seven seventh several shall she should shouldn since six sixth so some somebody somehow
someone something sometime sometimes somewhat somewhere soon still such take taken takes taking tell ten tenth than
that the thee their theirs them themselves then thence there thereafter thereby therefore therein thereof these they
thing third thirty this those thou though thousand three through throughout thus till to together too took toward
towards twelve twenty twice two under underneath unless unlike until up upon upward upwards us usually versus very via
viz want was wasn way we well went were weren what whatever when whence whenever where whereas whereby wherein
whereupon wherever whether which whichever while whilst whither who whoever whole whom whose why will with within
without won would wouldn yes yet you your yours yourself yourselves
"""

TIME_AND_AMOUNT = """
age ago amount annual april august average century coefficient consecutive couple current currently daily date day
decade december dozen duration earlier earliest early february frequent frequently friday full fully future half hour
january july june large largely larger largest late lately later latest least less lesser long longer longest lower
lowest majority march maximal maximum mean median million minimal minimum minority minute moment monday month monthly
november number numeral numerous occasion occasional occasionally october old older oldest part partial partially
partly past percent percentage percentile period portion present presently previous previously prior proportion
quantity quarter quartile recent recently saturday september short shorter shortest shortly single size small smaller
smallest square subsequent subsequently sum sunday tertile thursday time today tomorrow total totally triple tuesday
twofold wednesday week weekly year yearly yesterday young younger youngest
"""

QUALITIES = """
able absolute accurate accurately actual actually additional additionally adequate adequately alike alternative
alternatively apparent apparently appropriate appropriately approximate approximately available bad best better big
broad broadly careful carefully central certain certainly clear clearer clearly close closely closer combined common
commonly comparable complete completely complex complicated comprehensive considerable considerably consistent
consistently constant conventional correct correctly corresponding cross crucial deep descriptive detailed different
differently difficult direct directly distinct easily easy effective effectively efficient efficiently elective
elevated empirical entire entirely equal equally essential essentially evident exact exactly excellent existing
explicit extensive extensively extra extreme extremely fair fairly fast favorable favourable final finally formal free
freely general generally global good gradual gradually great greater greatest greatly hard harmless helpful high
higher highest highly ideal identical immediate immediately important importantly improved inadequate inappropriate
increasing increasingly independent independently individual individually initial initially inner interesting
interestingly inverse key known likely limited local logistic main mainly major marginal marked markedly mild minor
moderate moderately multiple multivariate mutual mutually natural naturally nearby necessary negative negatively new
newer newly nice normal normally notable notably novel obvious obviously optimal ordinary original originally outer
overall particular particularly perfect poor poorly popular positive positively possible possibly potential
potentially practical precise precisely preliminary primarily primary principal probable probably pronounced proper
properly prospective prospectively quick quickly random randomly rapid rapidly rare rarely ready real reasonable
reasonably regional regular regularly related relative relatively relevant reliable reliably remarkable remarkably
respective respectively retrospective retrospectively right robust rough roughly safe scant secondary sectional
separate separately severe severely sharp significant significantly similar similarly simple simplest simply
simultaneous simultaneously slight slightly slow slowly special specific specifically standard statistical
statistically steady strict strictly strong stronger strongest strongly structural subjective substantial
substantially successful successfully sudden suddenly sufficient sufficiently suitable sure theoretical thorough
thoroughly true truly typical typically unable uncertain unclear underlying unexplained unique univariate universal
unknown unlikely unusual upper upright useful useless usual valid valuable variable various vast visible vital weak
weaker wide widely wider widespread worse worst wrong
"""

ACADEMIC_NOUNS = """
ability absence abstract academic access accordance account accuracy act action activity addition adult advance
advantage agreement aim aims analyses analysis anova answer appearance application approach area argument article
aspect assessment assistance association assumption attempt attention attitude attribute author background base
baseline basis beginning behalf behavior behaviour belief benefit book bottom calculation capacity case category cause
center centre challenge chance change chapter character characteristic chart chi choice circumstance classification
code cohort collection combination comment communication comparison component concept concern conclusion condition
confidence connection consequence consideration construction contact content context contrast contribution control
copy correlation cost course criteria criterion data database dataset deal debate decision decline decrease definition
degree demand department description design detail detection determination development deviation difference difficulty
dimension direction disadvantage discussion distinction distribution document doubt ease edge effect effectiveness
efficacy efficiency effort element emphasis end entry environment equation error establishment estimate estimation
evaluation event evidence evolution examination example existence expectation experience experiment explanation extent
fact factor failure feature field figure finding focus form formation foundation framework frequency function gain gap
goal group growth guide guideline hand hypotheses hypothesis idea identification impact implementation implication
importance improvement incidence inclusion increase indication influence information initiative input insight instance
institution intention interaction interest interpretation interval intervention interview introduction investigation
investigator involvement issue item journal kind knowledge lack length letter level limit limitation line link list
literature location loss management manner matter meaning measure measurement mechanism member method methodology
methods middle mind mode model nature need note notion object objective observation occurrence odds opinion
opportunity option order origin outcome output overestimation overview pair paper paragraph parameter participant
pattern people performance person perspective phase phenomena phenomenon piece place plan point population position
possibility practice precision prediction predictor preference presence principle probability problem procedure
process product production profile program programme project proposal protocol provision publication purpose quality
question questionnaire range rate ratio reader reason recognition recommendation record reduction reference regard
region register registry regression relation relationship relevance reliability remainder report representation
request requirement research researcher resource respect respondent response responsibility rest result review rise
risk role row rule sample scale scheme science scientist scope score search section selection sense sequence series
set setting shape share shift side sign significance similarity situation sort source space speed spite stage
statement statistics status step strategy strength structure study subgroup subject subset success suggestion summary
support survey system table target task technique technology tendency term test testing text theory threshold title
tool topic transition trend trial truth type underestimation understanding unit university usage use user validity
value variability variance variation variety version view visit volume word work world
"""

ACADEMIC_VERBS = """
accept accepted accompanied accomplish accomplished accord according accordingly accounted achieve achieved achieves
achieving acquire acquired add added adding address addressed addressing adds adjust adjusted adjusting adjustment
adopt adopted affect affected affecting affects aged agree agreed aimed aiming allocate allocated allow allowed
allowing allows analyse analysed analysing analyze analyzed analyzing appear appeared appearing appears applied
applies apply applying argue argued arise arisen arises arising arose arrange arranged ask asked assess assessed
assesses assessing assign assigned associate associated assume assumed assuming attempted attended attending
attributed avoid avoided avoiding aware based began begin begins begun believe believed belong benefited born bring
bringing brought build built calculate calculated calculating call called carried carries carry carrying caused causes
causing changed changing characterised characterized choose choosing chose chosen cite cited claim claimed classified
classify collect collected collecting combine combining comparative compare compared compares comparing completed
completing comprise comprised comprising concerned concerning conclude concluded concludes conduct conducted
conducting confirm confirmed confirming confirms connect connected consider considered considering considers consist
consisted consisting consists constitute constituted contain contained containing contains continue continued
continues continuing contribute contributed contributes contributing controlled correlate correlated correlates
correlating cover covered covering covers create created creates creating decide decided declined decreased decreasing
define defined defines defining demonstrate demonstrated demonstrates demonstrating depend depended dependent
depending depends derive derived describe described describes describing designed detect detected detecting determine
determined determines determining develop developed developing develops devise died differ differed differing differs
discover discovered discuss discussed discussing display displayed distinguish distinguished divide divided draw drawn
drew elucidate elucidated employ employed employing enable enabled enables enabling encounter encountered enhance
enhanced enhancing enrolled ensure ensured ensures ensuring enter entered equipped establish established establishing
estimated estimating evaluate evaluated evaluates evaluating examine examined examines examining exceed exceeded
exclude excluded excluding exhibit exhibited exist existed exists expand expanded expect expected explain explained
explaining explains explore explored exploring express expressed extend extended face faced facilitate facilitated
fade fades fail failed fall fallen fell fill filled find finds fit fitted focused focuses focusing follow followed
following follows formed forming found fulfil fulfilled gather gathered generate generated generating grew grouped
grow growing grown held help helped helping helps hold holding holds identified identifies identify identifying
illustrate illustrated implied implies imply improve improves improving include included includes including
incorporate incorporated increased increases indicate indicated indicates indicating influenced inform informed
initiated intend intended interpret interpreted introduce introduced investigate investigated investigates
investigating invited involve involved involves involving issued know knowing knows lead leading leads learn learned
leave leaves leaving led left lie lies listed look looked looking looks lose lost maintain maintained maintaining
match matched matching means meant measured measuring meet meeting mention mentioned met modified modify move moved
moving named needed noted notice noticed observe observed observing obtain obtained obtaining occur occurred occurring
occurs offer offered offering offers operate participate participated perceive perceived perform performed performing
permit permitted placed planned play played playing plays pointed posed possess predict predicted predicting
predictive prefer preferred prepare prepared presented presenting presents proceed produce produced produces producing
propose proposed prove proved proven proves provide provided provides providing publish published pursue raise raised
randomised randomize randomized randomizing ranged ranging reach reached reaching read reading realize receive
received receiving recognise recognised recognize recognized recommend recommended recommending recorded recruited
recruiting reduce reduced reduces reducing refer referred referring refers reflect reflected reflecting reflects
regarded regarding relate relates relating relied rely remain remained remaining remains remove removed render repeat
repeated replace replaced reported reportedly reporting represent represented representing represents require required
requires requiring resemble resembles resist resolve respond responded restrict restricted resulted resulting retain
retained return returned reveal revealed revealing reveals reviewed reviewing revised run running runs said say saying
says scored seek seeking select selected selecting send sent serve served serves serving shared show showed showing
shown shows shrink shrinks solve solved sought spend spent split spread spreads stand standing start started starting
starts state stated stay stop stopped stratified strengthen studied studying submit submitted suffer suffered
suffering suffers suggest suggested suggesting suggests suited summarise summarised summarize summarized supplied
supply supported supporting suppose supposed taught tend tended tends tested think thinking thought transferred treat
tried tries try trying turn turned turning turns undergo undergoing undergone understand understood undertake
undertaken underwent used using utilise utilised utilising utilize utilized utilizing validate validated varied varies
vary varying verified verify visited visiting warrant warranted weigh weighed weighs worked working write writing
written wrote yield yielded yielding
"""

STOP_WORDS = frozenset(
    " ".join((FUNCTION_WORDS, TIME_AND_AMOUNT, QUALITIES, ACADEMIC_NOUNS, ACADEMIC_VERBS)).split()
)


def is_stop_word(word: str) -> bool:
    """Return whether a word in lower case, its singular, or a part of it between hyphens is a stop word."""
    return any(not STOP_WORDS.isdisjoint((part, *singulars(part))) for part in word.split("-"))


def singulars(word: str) -> list[str]:
    """Return what a word may be the plural of in -s or -ies: studies → studie, study."""
    ones = [word.removesuffix("s")] if word.endswith("s") else []
    return [*ones, word.removesuffix("ies") + "y"] if word.endswith("ies") else ones
