"""Countries by code and by name, in English and Spanish.

A line is: alpha-2 and alpha-3 code of ISO 3166-1, then names, the Spanish one where it differs.
"""

from typing import Final

from engine.mapping.filters.text import plain_ascii

_COUNTRIES: Final = """
ad and Andorra
ae are United Arab Emirates/Emiratos Árabes Unidos/UAE
af afg Afghanistan/Afganistán
ag atg Antigua and Barbuda/Antigua y Barbuda
ai aia Anguilla/Anguila
al alb Albania
am arm Armenia
ao ago Angola
aq ata Antarctica/Antártida
ar arg Argentina
as asm American Samoa/Samoa Americana
at aut Austria
au aus Australia
aw abw Aruba
ax ala Åland Islands/Islas Åland
az aze Azerbaijan/Azerbaiyán
ba bih Bosnia and Herzegovina/Bosnia y Herzegovina
bb brb Barbados
bd bgd Bangladesh/Bangladés
be bel Belgium/Bélgica
bf bfa Burkina Faso
bg bgr Bulgaria
bh bhr Bahrain/Baréin
bi bdi Burundi
bj ben Benin/Benín
bl blm Saint Barthélemy/San Bartolomé
bm bmu Bermuda/Bermudas
bn brn Brunei/Brunéi
bo bol Bolivia/Bolivia Plurinational State of
bq bes Caribbean Netherlands/Caribe Neerlandés
br bra Brazil/Brasil
bs bhs Bahamas
bt btn Bhutan/Bután
bv bvt Bouvet Island/Isla Bouvet
bw bwa Botswana/Botsuana
by blr Belarus/Bielorrusia
bz blz Belize/Belice
ca can Canada/Canadá
cc cck Cocos Islands/Islas Cocos
cd cod Democratic Republic of the Congo/República Democrática del Congo
cf caf Central African Republic/República Centroafricana
cg cog Congo/Republic of the Congo/República del Congo
ch che Switzerland/Suiza
ci civ Ivory Coast/Côte d'Ivoire/Costa de Marfil
ck cok Cook Islands/Islas Cook
cl chl Chile
cm cmr Cameroon/Camerún
cn chn China/República Popular China/People's Republic of China
co col Colombia
cr cri Costa Rica
cu cub Cuba
cv cpv Cape Verde/Cabo Verde
cw cuw Curaçao/Curazao
cx cxr Christmas Island/Isla de Navidad
cy cyp Cyprus/Chipre
cz cze Czechia/Czech Republic/Chequia/República Checa
de deu Germany/Alemania
dj dji Djibouti/Yibuti
dk dnk Denmark/Dinamarca
dm dma Dominica
do dom Dominican Republic/República Dominicana/Rep. Dominicana
dz dza Algeria/Argelia
ec ecu Ecuador
ee est Estonia
eg egy Egypt/Egipto
eh esh Western Sahara/Sáhara Occidental
er eri Eritrea
es esp Spain/España
et eth Ethiopia/Etiopía
fi fin Finland/Finlandia
fj fji Fiji/Fiyi
fk flk Falkland Islands/Islas Malvinas
fm fsm Micronesia
fo fro Faroe Islands/Islas Feroe
fr fra France/Francia
ga gab Gabon/Gabón
gb gbr United Kingdom/Reino Unido/Great Britain/Gran Bretaña/UK/England/Inglaterra
gd grd Grenada/Granada
ge geo Georgia
gf guf French Guiana/Guayana Francesa
gg ggy Guernsey
gh gha Ghana
gi gib Gibraltar
gl grl Greenland/Groenlandia
gm gmb Gambia
gn gin Guinea
gp glp Guadeloupe/Guadalupe
gq gnq Equatorial Guinea/Guinea Ecuatorial
gr grc Greece/Grecia
gs sgs South Georgia and the South Sandwich Islands/Georgia del Sur
gt gtm Guatemala
gu gum Guam
gw gnb Guinea-Bissau/Guinea-Bisáu
gy guy Guyana
hk hkg Hong Kong
hm hmd Heard and McDonald Islands/Islas Heard y McDonald
hn hnd Honduras
hr hrv Croatia/Croacia
ht hti Haiti/Haití
hu hun Hungary/Hungría
id idn Indonesia
ie irl Ireland/Irlanda
il isr Israel
im imn Isle of Man/Isla de Man
in ind India
io iot British Indian Ocean Territory/Territorio Británico del Océano Índico
iq irq Iraq/Irak
ir irn Iran/Irán/Iran Islamic Republic of
is isl Iceland/Islandia
it ita Italy/Italia
je jey Jersey
jm jam Jamaica
jo jor Jordan/Jordania
jp jpn Japan/Japón
ke ken Kenya/Kenia
kg kgz Kyrgyzstan/Kirguistán
kh khm Cambodia/Camboya
ki kir Kiribati
km com Comoros/Comoras
kn kna Saint Kitts and Nevis/San Cristóbal y Nieves
kp prk North Korea/Corea del Norte
kr kor South Korea/Corea del Sur/Republic of Korea/Korea Republic of/República de Corea
kw kwt Kuwait
ky cym Cayman Islands/Islas Caimán
kz kaz Kazakhstan/Kazajistán
la lao Laos
lb lbn Lebanon/Líbano
lc lca Saint Lucia/Santa Lucía
li lie Liechtenstein
lk lka Sri Lanka
lr lbr Liberia
ls lso Lesotho/Lesoto
lt ltu Lithuania/Lituania
lu lux Luxembourg/Luxemburgo
lv lva Latvia/Letonia
ly lby Libya/Libia
ma mar Morocco/Marruecos
mc mco Monaco/Mónaco
md mda Moldova/Moldavia
me mne Montenegro
mf maf Saint Martin/San Martín
mg mdg Madagascar
mh mhl Marshall Islands/Islas Marshall
mk mkd North Macedonia/Macedonia del Norte
ml mli Mali/Malí
mm mmr Myanmar/Birmania
mn mng Mongolia
mo mac Macao/Macau
mp mnp Northern Mariana Islands/Islas Marianas del Norte
mq mtq Martinique/Martinica
mr mrt Mauritania
ms msr Montserrat
mt mlt Malta
mu mus Mauritius/Mauricio
mv mdv Maldives/Maldivas
mw mwi Malawi/Malaui
mx mex Mexico/México/Méjico
my mys Malaysia/Malasia
mz moz Mozambique
na nam Namibia
nc ncl New Caledonia/Nueva Caledonia
ne ner Niger/Níger
nf nfk Norfolk Island/Isla Norfolk
ng nga Nigeria
ni nic Nicaragua
nl nld Netherlands/The Netherlands/Países Bajos/Holanda
no nor Norway/Noruega
np npl Nepal
nr nru Nauru
nu niu Niue
nz nzl New Zealand/Nueva Zelanda
om omn Oman/Omán
pa pan Panama/Panamá
pe per Peru/Perú
pf pyf French Polynesia/Polinesia Francesa
pg png Papua New Guinea/Papúa Nueva Guinea
ph phl Philippines/Filipinas
pk pak Pakistan/Pakistán
pl pol Poland/Polonia
pm spm Saint Pierre and Miquelon/San Pedro y Miquelón
pn pcn Pitcairn
pr pri Puerto Rico
ps pse Palestine/Palestina
pt prt Portugal
pw plw Palau/Palaos
py pry Paraguay
qa qat Qatar/Catar
re reu Réunion/Reunión
ro rou Romania/Rumanía/Rumania
rs srb Serbia
ru rus Russia/Russian Federation/Rusia
rw rwa Rwanda/Ruanda
sa sau Saudi Arabia/Arabia Saudita/Arabia Saudí
sb slb Solomon Islands/Islas Salomón
sc syc Seychelles
sd sdn Sudan/Sudán
se swe Sweden/Suecia
sg sgp Singapore/Singapur
sh shn Saint Helena/Santa Elena
si svn Slovenia/Eslovenia
sj sjm Svalbard and Jan Mayen/Svalbard y Jan Mayen
sk svk Slovakia/Eslovaquia
sl sle Sierra Leone/Sierra Leona
sm smr San Marino
sn sen Senegal
so som Somalia
sr sur Suriname/Surinam
ss ssd South Sudan/Sudán del Sur
st stp São Tomé and Príncipe/Santo Tomé y Príncipe
sv slv El Salvador
sx sxm Sint Maarten
sy syr Syria/Siria
sz swz Eswatini/Esuatini/Swaziland
tc tca Turks and Caicos Islands/Islas Turcas y Caicos
td tcd Chad
tf atf French Southern Territories/Tierras Australes Francesas
tg tgo Togo
th tha Thailand/Tailandia
tj tjk Tajikistan/Tayikistán
tk tkl Tokelau
tl tls Timor-Leste/East Timor/Timor Oriental
tm tkm Turkmenistan/Turkmenistán
tn tun Tunisia/Túnez
to ton Tonga
tr tur Turkey/Türkiye/Turquía
tt tto Trinidad and Tobago/Trinidad y Tobago
tv tuv Tuvalu
tw twn Taiwan/Taiwán/Republic of China/Taiwan Province of China/República de China
tz tza Tanzania
ua ukr Ukraine/Ucrania
ug uga Uganda
um umi United States Minor Outlying Islands/Islas Ultramarinas de Estados Unidos
us usa United States/United States of America/Estados Unidos/Estados Unidos de América/EE. UU.
uy ury Uruguay
uz uzb Uzbekistan/Uzbekistán
va vat Vatican City/Holy See/Ciudad del Vaticano
vc vct Saint Vincent and the Grenadines/San Vicente y las Granadinas
ve ven Venezuela/Venezuela Bolivarian Republic of
vg vgb British Virgin Islands/Islas Vírgenes Británicas
vi vir US Virgin Islands/Islas Vírgenes de los Estados Unidos
vn vnm Vietnam/Viet Nam
vu vut Vanuatu
wf wlf Wallis and Futuna/Wallis y Futuna
ws wsm Samoa
ye yem Yemen
yt myt Mayotte
za zaf South Africa/Sudáfrica
zm zmb Zambia
zw zwe Zimbabwe/Zimbabue
"""


def letters(text: str) -> str:
    """The ASCII letters of a text in lower case, accents removed: how names are compared here."""
    return "".join(one for one in plain_ascii(text).lower() if one.isalpha())


def _countries() -> dict[str, str]:
    found: dict[str, str] = {}
    for line in _COUNTRIES.strip().splitlines():
        code, longer, names = line.split(" ", 2)
        found |= dict.fromkeys((code, longer, *map(letters, names.split("/"))), code)
    return found


COUNTRIES: Final = _countries()
"""Alpha-2 code in lower case by code and name, as ``letters`` writes them."""
