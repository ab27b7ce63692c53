"""Names with a lone letter in them, which is not an option's: species, types, grades, figures."""

from __future__ import annotations

import re

# 'type B', 'vitamin C', 'figure A', 'Stanford A': the words before the letter
BEFORE_LETTER = re.compile(
    r"\b(?:fig|figs|figure|panel|images?|picture|photo|views?|scan|slice|film|mri|ct|radiograph|labell?ed|label|marked"
    r"|arrow|box|row|column|part|section|point|zone|region|lead|types?|group|grade|class|stage|factor|protein|vitamin"
    r"|hepatitis|influenza|coxsackie|kerley|stanford|dukes|weber|forrest|child-pugh|child|apolipoprotein|immunoglobulin"
    r"|ha?emoglobin|blood|subtype|serotype|serogroup|category|phase|pattern|variant|level|chain|receptor"
    r"|tipo|grupo|classe|grado|grau|figura|imagem|imagen|vitamina)(?:(?<=fig)\.|(?<=figs)\.)?[ \"'(\[]{0,3}\Z"
)

_SPECIES = (
    "abortus acnes aeruginosa agalactiae albicans americanus anthracis asteroides aureus auris avium bacilliformis",
    "bancrofti baumannii botulinum bovis braziliensis brasiliensis brucei burgdorferi burnetii canis capsulatum",
    "carinii catarrhalis cepacia cereus cholerae cloacae coli cruzi dermatitidis difficile diphtheriae donovani",
    "duodenale dysenteriae elegans enterica epidermidis faecalis faecium falciparum felis flavus flexneri fragilis",
    "fumigatus furfur gattii genitalium glabrata gondii gonorrhoeae granulosus haematobium henselae hepatica",
    "histolytica hominis humanus immitis influenzae interrogans israelii japonicum jejuni jirovecii kansasii",
    "knowlesi krusei latum leprae lumbricoides malariae maltophilia mansoni marcescens marinum marneffei medinensis",
    "melitensis meningitidis mirabilis monocytogenes multilocularis neoformans niger ovale pallidum parahaemolyticus",
    "parapsilosis perfringens pertussis pestis pneumoniae pneumophila prowazekii psittaci pubis pylori pyogenes",
    "quintana rickettsii rubrum saginata saprophyticus scabiei schenckii sinensis solium sonnei spiralis",
    "stercoralis tetani trachomatis trichiura tropicalis tuberculosis tularensis typhi urealyticum vermicularis",
    "viridans vivax volvulus vulgaris vulnificus",
)
# 'E. coli', 'C. difficile': what follows the letter and its stop
SPECIES = re.compile(rf"\s?(?:{'|'.join(' '.join(_SPECIES).split())})\b")
