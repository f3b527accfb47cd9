"""The words by which a number, a greeting or some thanks is recognised: no case, no accents."""

from __future__ import annotations


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


COURTESY = _words(
    "merci beaucoup bien bcp ok okay oki d accord daccord c est cest note recu thanks thank you"
    " very much thx noted received bye au revoir bonne journee soiree infiniment a vous svp please"
    " doc docteur dr so good day"
)
"""Said with thanks, or instead of them."""
THANKS = _words(
    "merci ok okay oki accord daccord note recu thanks thank thx noted received bye revoir"
)
"""One of these makes some courtesy an end."""
GREETINGS = _words(
    "bonjour bonsoir salut hello hi hey good morning afternoon evening coucou cc docteur doctor dr"
    " madame monsieur sir madam"
)
"""With nothing else, a greeting."""
BESIDE_A_KEY = COURTESY | _words(
    "je j confirme confirmer confirm i annuler annule reporter reporte cancel reschedule rdv oui"
    " yes le la pour to the"
)
"""What may stand beside a key without meaning anything else."""
NUMBER_WORDS = {
    "un": 1, "une": 1, "one": 1, "deux": 2, "two": 2, "trois": 3, "three": 3,
    "quatre": 4, "four": 4, "cinq": 5, "five": 5,
}  # fmt: skip
"""Counted only where they are the whole message."""
UNITS = _words(
    "h hr hrs heure heures hour hours j jr jrs jour jours day days semaine semaines week weeks mois"
    " month months an ans annee annees year years yrs mn min mins minute minutes sec seconde"
    " secondes second seconds fois time times personne personnes people persons enfant enfants"
    " child children bebe bebes patient patients malade malades femme femmes homme hommes medecin"
    " medecins docteurs doctors infirmier infirmiers infirmiere infirmieres nurse nurses comprime"
    " comprimes tablet tablets injections f fr frs fcfa cfa francs euro euros km m kg g mg ml l lit"
    " lits chambre chambres beds rooms e er eme ieme nd rd th st am pm x janvier fevrier mars avril"
    " mai juin juillet aout septembre octobre novembre decembre january february march april may"
    " june july august september october november december sur out of a to et and ou or autres"
    " autre other others pourcent percent demi"
)
"""After a number: it counts something, and is no rating."""
PLACES = _words(
    "chambre salle room ward bloc block batiment building etage floor lit bed numero no n num porte"
    " door guichet caisse box rue street a at de du le la les des on the depuis since pendant for"
    " avec with pour vers avant before apres after et and ou or tel moins plus environ about only"
    " seulement dans in par by attendu waited pavillon"
)
"""Before a number: it names something, and is no rating."""
