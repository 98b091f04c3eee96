/* A country to choose: how numbers without a country code are read. */
import * as format from '../../core/format';
import { t } from '../../core/i18n';
import { Field } from '../../ui/parts';

const COUNTRIES = 'AE AF AL AM AO AR AT AU AZ BA BD BE BF BG BH BI BJ BN BO BR BW BY BZ CA CD CF CG CH CI CL CM CN CO CR CU CY CZ DE DJ DK DO DZ EC EE EG ES ET FI FJ FR GA GB GE GH GM GN GR GT HK HN HR HT HU ID IE IL IN IQ IR IS IT JM JO JP KE KG KH KR KW KZ LA LB LK LR LS LT LU LV LY MA MD ME MG MK ML MM MN MR MU MW MX MY MZ NA NE NG NI NL NO NP NZ OM PA PE PG PH PK PL PR PS PT PY QA RO RS RU RW SA SD SE SG SI SK SL SN SO SV SY SZ TD TG TH TJ TM TN TR TT TW TZ UA UG US UY UZ VE VN YE ZA ZM ZW'.split(' ');

export function CountryField({ value, onValue, label, empty }: { value: string; onValue: (country: string) => void; label?: string; empty?: string }) {
    const options = COUNTRIES.map(code => [code, format.countryName(code)] as const).sort((a, b) => a[1].localeCompare(b[1]));
    return (
        <Field label={label ?? t('Country of numbers without +')}>
            {props => (
                <select class="select" {...props} value={value} onChange={event => onValue(event.currentTarget.value)}>
                    <option value="">{empty ?? t('As set for this server')}</option>
                    {options.map(([code, name]) => (
                        <option key={code} value={code}>
                            {name}
                        </option>
                    ))}
                </select>
            )}
        </Field>
    );
}
