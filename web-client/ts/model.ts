/*
 * The model that pages are read into: the types of the crate `bluegate-shared`, as they serialise. A member
 * that the server did not send is absent. Dates are calendar days (`YYYY`, `YYYY-MM` or `YYYY-MM-DD`),
 * money is whole cents of US dollars, other numbers are decimal text, so that nothing is rounded on the way.
 */

/** The kinds of claims that can be asked for. */
export type ClaimType =
  | "carrier"
  | "dme"
  | "hha"
  | "hospice"
  | "inpatient"
  | "outpatient"
  | "pde"
  | "snf";

/** The kinds of claims that other payers than Medicare have besides (CARIN Blue Button). */
export type PayerClaimType = "professional" | "institutional" | "oral" | "vision";

/** A part of Medicare, or the state's Medicaid for those who have both. */
export type Part = "A" | "B" | "C" | "D" | "Dual";

/** The list that a code is from. */
export type CodeSystem = "icd9" | "icd10" | "hcpcs" | "hipps" | "ndc" | "other";

/** A code and, where the server sent one, its label. */
export interface Code {
  readonly code: string;
  readonly display?: string;
}

/** A start and an end. The end may precede the start: upstream data does that. */
export interface Period {
  readonly start?: string;
  readonly end?: string;
}

/** What a list shows of a claim. */
export interface ClaimRow {
  /** Place of the claim's entry on the page, for `page.claim()` and `page.json()`. */
  readonly index: number;
  readonly id: string;
  readonly type: ClaimType | PayerClaimType | "unknown";
  /** `active` or `cancelled`. */
  readonly status?: string;
  /** `claim`, or `preauthorization`. */
  readonly use: string;
  /** `complete`; `partial` or `queued` for one still being processed. */
  readonly outcome?: string;
  /** Why sums leave the claim out; absent where it counts. */
  readonly leftOut?: LeftOut;
  /** Something of it could not be read, or is reported and cannot be told: see its notes and `unknown`. */
  readonly incomplete?: true;
  readonly start?: string;
  readonly end?: string;
  /** A provider's name. */
  readonly provider?: string;
  /** That provider's NPI, or that of another where no name is known. */
  readonly npi?: string;
  /** Cents that were charged. */
  readonly charged?: number;
  /** Cents that Medicare or the plan allows. */
  readonly allowed?: number;
  /** Cents that Medicare or the plan paid. */
  readonly paid?: number;
  /** Cents that the person owes. */
  readonly patientResponsibility?: number;
  /** Cents that the person paid. */
  readonly paidByPatient?: number;
  /** Why amounts are not known. One that is neither known nor here is not reported. */
  readonly unknown?: Readonly<Partial<Record<RowAmountName, UnknownReason>>>;
  /** How many lines the claim has. */
  readonly lines: number;
  readonly diagnosis?: Code;
  readonly drug?: Code;
}

/**
 * Why sums, months and charts leave a claim out:
 *
 * - `cancelled`: it is cancelled
 * - `notActive`: it is a draft, entered in error, or does not say that it is active
 * - `notAClaim`: it is a preauthorization or predetermination
 * - `refund`: it takes a claim back, which is cancelled: what it charges is below zero
 * - `notFinal`: a later version of it counts (v3)
 * - `unsettled`: it is still being processed, or could not be
 */
export type LeftOut = "cancelled" | "notActive" | "notAClaim" | "refund" | "notFinal" | "unsettled";

/** An entry of a page that could not be read at all. */
export interface Problem extends Note {
  /** Place of the entry on the page. */
  readonly index: number;
}

/**
 * Why an amount is not known:
 *
 * - `noValue`: it is named, but without a value: masked, or absent for another reason
 * - `otherCurrency`: it is in another currency than US dollars
 * - `unreadable`: its value is no number
 * - `tooLarge`: it has more cents than a JavaScript number tells apart, 2^53 or more
 * - `ambiguous`: it is reported more than once, with different values
 * - `partMissing`: it is a sum of which not every part is reported
 */
export type UnknownReason =
  | "noValue"
  | "otherCurrency"
  | "unreadable"
  | "tooLarge"
  | "ambiguous"
  | "partMissing";

/** The amounts that every claim and line is asked for, in cents. What is absent is not known, or not reported. */
export interface Totals {
  /** What the provider asked for. */
  readonly charged?: number;
  /** What Medicare or the plan allows for it. */
  readonly allowed?: number;
  /** What Medicare or the plan paid. */
  readonly paid?: number;
  /** What the person owes: as reported, else the sum of its parts where all of them are. */
  readonly patientResponsibility?: number;
  /** What the person paid. */
  readonly paidByPatient?: number;
  /** Of a claim that does not report it, the sum of its lines'; so are coinsurance and copayment. */
  readonly deductible?: number;
  readonly coinsurance?: number;
  readonly copay?: number;
  /** The part of the charge that is not covered. */
  readonly noncovered?: number;
  /** What another payer paid. */
  readonly otherPayer?: number;
  /** The part of the payment that went to the provider. */
  readonly paidToProvider?: number;
  /** The part of the payment that went to the person. */
  readonly paidToPatient?: number;
  /** Why amounts are not known. One that is neither known nor here is not reported. */
  readonly unknown?: Readonly<Partial<Record<AmountName, UnknownReason>>>;
}

/** An amount that every claim and line is asked for. */
export type AmountName = Exclude<keyof Totals, "unknown">;

/** An amount that a row tells. */
export type RowAmountName = "charged" | "allowed" | "paid" | "patientResponsibility" | "paidByPatient";

/** One amount under the name of its variable, such as `line_nch_pmt_amt`. */
export interface Amount {
  readonly name: string;
  readonly cents: number;
  readonly label?: string;
}

/** One claim, the same for every version of the interface. */
export interface Claim {
  readonly type: ClaimType | PayerClaimType | "unknown";
  readonly id: string;
  readonly claimId?: string;
  readonly claimGroup?: string;
  readonly controlNumber?: string;
  readonly status?: string;
  /** `claim`, or `preauthorization`. */
  readonly use: string;
  readonly outcome?: string;
  /** Why sums leave the claim out; absent where it counts. */
  readonly leftOut?: LeftOut;
  readonly created?: string;
  /** The server's text, to be sent back in `_lastUpdated`. */
  readonly lastUpdated?: string;
  readonly patientId?: string;
  readonly coverage?: ClaimCoverage;
  readonly billablePeriod?: Period;
  /** The day that a search by service date compares. */
  readonly serviceDate?: string;
  readonly admissionPeriod?: Period;
  readonly billing?: Provider;
  readonly organization?: Provider;
  readonly facility?: Provider;
  readonly facilityType?: Code;
  readonly referring?: Provider;
  readonly careTeam?: readonly CareTeamMember[];
  readonly diagnoses?: readonly Diagnosis[];
  readonly procedures?: readonly Procedure[];
  readonly drg?: string;
  readonly drug?: Drug;
  /** The amounts that every claim is asked for. */
  readonly totals?: Totals;
  readonly payment?: Payment;
  /** Every amount of the claim as a whole. */
  readonly amounts?: readonly Amount[];
  /** Days, visits and other counts. */
  readonly counts?: readonly Count[];
  readonly info?: readonly Info[];
  readonly lines?: readonly Line[];
}

/** The coverage that a claim was billed to. */
export interface ClaimCoverage {
  readonly part?: Part;
  readonly id?: string;
  /** Who insures, by name (v3, other payers). */
  readonly payer?: string;
  /** The Part D contract. */
  readonly contract?: string;
  /** The Part D plan; of other payers that of the Coverage, where it is on the page. */
  readonly plan?: string;
  readonly planName?: string;
}

/** A person or organization that provides care. */
export interface Provider {
  readonly npi?: string;
  readonly number?: string;
  readonly name?: string;
}

/** Someone who took part in a claim. */
export interface CareTeamMember {
  readonly sequence: number;
  readonly role?: string;
  readonly provider: Provider;
  readonly specialty?: Code;
  readonly taxonomy?: Code;
}

/** A diagnosis. */
export interface Diagnosis extends Code {
  readonly sequence: number;
  readonly system: CodeSystem;
  readonly type: "principal" | "admitting" | "reasonForVisit" | "external" | "other";
  readonly presentOnAdmission?: string;
}

/** A procedure. */
export interface Procedure extends Code {
  readonly sequence: number;
  readonly system: CodeSystem;
  readonly date?: string;
}

/** A payment. */
export interface Payment {
  /** In cents. */
  readonly amount?: number;
  /** Why the amount that is reported is not known. */
  readonly unknown?: UnknownReason;
  readonly date?: string;
}

/** A count by variable, such as days of stay. */
export interface Count {
  readonly name: string;
  readonly value: string;
}

/** The prescription of a drug claim. */
export interface Drug {
  readonly ndc?: string;
  readonly name?: string;
  readonly quantity?: string;
  readonly unit?: string;
  readonly daysSupply?: string;
  readonly fillNumber?: string;
  readonly rxNumber?: string;
  readonly ingredients?: readonly Code[];
}

/** Something else that is said about a claim. */
export interface Info {
  readonly sequence: number;
  readonly name: string;
  readonly code?: Code;
  readonly date?: string;
  readonly period?: Period;
  readonly value?: string;
  readonly text?: string;
}

/** A service as it was coded. */
export interface Service extends Code {
  readonly system: CodeSystem;
}

/** One line of a claim. */
export interface Line {
  readonly sequence: number;
  readonly service?: Service;
  readonly modifiers?: readonly string[];
  readonly category?: Code;
  readonly revenueCenter?: Code;
  readonly ndc?: Code;
  readonly period?: Period;
  readonly placeOfService?: Code;
  readonly state?: string;
  readonly quantity?: string;
  readonly unit?: string;
  readonly diagnosisSequences?: readonly number[];
  readonly careTeamSequences?: readonly number[];
  readonly totals?: Totals;
  readonly amounts?: readonly Amount[];
  readonly decisions?: readonly Decision[];
}

/** A coded decision on a line. */
export interface Decision {
  readonly name: string;
  readonly code: Code;
}

/** One part of Medicare for one person. */
export interface Coverage {
  readonly id: string;
  readonly part?: Part;
  /** The status of the record, `active` or `cancelled`. It does not say that the person is enrolled. */
  readonly status?: string;
  /** Whether the person is enrolled. */
  readonly enrollment: Enrollment;
  readonly patientId?: string;
  readonly lastUpdated?: string;
  /** An open end may be written as 2099-12-31. */
  readonly period?: Period;
  readonly planName?: string;
  readonly contract?: string;
  readonly plan?: string;
  readonly subscriberId?: string;
  readonly referenceYear?: string;
  readonly medicareStatus?: Code;
  readonly originalEntitlement?: Code;
  readonly currentEntitlement?: Code;
  /** Whether there is end-stage renal disease. */
  readonly esrd?: Code;
  readonly termination?: Code;
  readonly dualStatus?: Code;
  /** Dual eligibility by month. */
  readonly dual?: readonly Month[];
  /** State buy-in by month. */
  readonly buyIn?: readonly Month[];
  readonly buyInStatus?: Code;
  /** Contract numbers by month. */
  readonly contracts?: readonly Month[];
  /** Plan numbers by month. */
  readonly plans?: readonly Month[];
  /** What a pharmacy asks for: `rxid`, `rxgroup`, `rxpcn`, `rxbin`. */
  readonly pharmacy?: readonly { readonly kind: string; readonly value: string }[];
}

/** Whether a person is enrolled in a part of Medicare, from what the record says of months and periods. */
export interface Enrollment {
  /** Whether they are: in the month of `asOf`, else when the record was written. */
  readonly state: "enrolled" | "notEnrolled" | "unknown";
  /** The last month that the record has a code of, `YYYY-MM` (v1, v2). */
  readonly asOf?: string;
  /** The months of that year in which they were enrolled, 1 to 12 (v1, v2). */
  readonly months?: readonly number[];
}

/** A code that holds for one month of the reference year. */
export interface Month {
  readonly month: number;
  readonly code: string;
}

/** A person. */
export interface Patient {
  readonly id: string;
  readonly name?: PersonName;
  readonly gender?: string;
  readonly birthDate?: string;
  readonly deceased?: boolean;
  readonly deathDate?: string;
  readonly address?: PostalAddress;
  readonly race?: Code;
  readonly mbi?: string;
  readonly mbis?: readonly Mbi[];
  readonly referenceYear?: string;
  readonly dual?: readonly Month[];
  readonly language?: string;
  readonly replaces?: readonly string[];
  readonly replacedBy?: string;
  readonly lastUpdated?: string;
}

/** A person's name. */
export interface PersonName {
  readonly family?: string;
  readonly given?: readonly string[];
}

/** An address; often only state and postal code. */
export interface PostalAddress {
  readonly lines?: readonly string[];
  readonly city?: string;
  readonly state?: string;
  readonly postalCode?: string;
}

/** A Medicare number. */
export interface Mbi {
  readonly value: string;
  readonly current?: boolean;
  readonly period?: Period;
}

/** One resource of a page, and what could not be read of it. */
export interface Entry {
  /** Where the resource's JSON text stands in the input, in bytes. */
  readonly span: { readonly start: number; readonly end: number };
  readonly resource: Resource;
  readonly notes?: readonly Note[];
}

/** A resource of a type that the model knows, or the name of its type. */
export type Resource =
  | { readonly kind: "claim"; readonly value: Claim }
  | { readonly kind: "coverage"; readonly value: Coverage }
  | { readonly kind: "patient"; readonly value: Patient }
  | { readonly kind: "other"; readonly value: { readonly resourceType: string } };

/**
 * One thing that could not be read: the place, such as `item[2].quantity`, and never the value. `unresolved` is a
 * reference to a resource that is neither in the claim nor on the page.
 */
export interface Note {
  readonly path: string;
  readonly reason:
    | "missing"
    | "unresolved"
    | "notJson"
    | "notUtf8"
    | "wrongShape"
    | "duplicate"
    | "notADate"
    | "notANumber"
    | "tooLarge"
    | "otherCurrency"
    | "rounded";
}

/** Who signed in, in OpenID Connect's words. Members that the person's record lacks are absent. */
export interface UserInfo {
  readonly sub: string;
  readonly patient?: string;
  readonly name?: string;
  readonly given_name?: string;
  readonly family_name?: string;
  readonly email?: string;
  readonly preferred_username?: string;
  readonly created?: string;
}

/** A FHIR resource as the server wrote it. */
export interface FhirResource {
  readonly resourceType: string;
  readonly [member: string]: unknown;
}
