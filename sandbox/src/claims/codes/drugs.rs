//! Drugs as FDA's National Drug Code directory names them.

/// A drug product.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Drug {
    /// Proprietary name.
    pub name: &'static str,
    /// Substance.
    pub substance: &'static str,
    /// National Drug Code in 11 digits.
    pub ndc: &'static str,
    /// Units taken each day, in hundredths.
    pub daily: u32,
    /// Price of one unit, in cents.
    pub unit_cents: i64,
    /// Sold under a brand.
    pub brand: bool,
}

const fn brand(
    name: &'static str,
    substance: &'static str,
    ndc: &'static str,
    daily: u32,
    unit_cents: i64,
) -> Drug {
    Drug {
        name,
        substance,
        ndc,
        daily,
        unit_cents,
        brand: true,
    }
}

const fn generic(
    name: &'static str,
    substance: &'static str,
    ndc: &'static str,
    unit_cents: i64,
) -> Drug {
    Drug {
        name,
        substance,
        ndc,
        daily: 100,
        unit_cents,
        brand: false,
    }
}

/// The drugs that people here take.
pub const DRUGS: &[Drug] = &[
    brand(
        "Lipitor",
        "ATORVASTATIN CALCIUM TRIHYDRATE",
        "00071015623",
        100,
        1_190,
    ),
    brand("Crestor", "ROSUVASTATIN CALCIUM", "00310075190", 100, 960),
    brand("Zocor", "SIMVASTATIN", "00006074031", 100, 640),
    brand("Zestril", "LISINOPRIL", "00310013110", 100, 1_120),
    brand("Norvasc", "AMLODIPINE BESYLATE", "00069153068", 100, 890),
    brand("Diovan", "VALSARTAN", "00078035934", 100, 870),
    brand("Toprol XL", "METOPROLOL SUCCINATE", "00186109005", 100, 170),
    generic(
        "Metformin Hydrochloride",
        "METFORMIN HYDROCHLORIDE",
        "00093104801",
        9,
    ),
    generic("Glimepiride", "GLIMEPIRIDE", "00093725501", 14),
    brand(
        "Januvia",
        "SITAGLIPTIN PHOSPHATE",
        "00006027731",
        100,
        1_640,
    ),
    brand("Lantus", "INSULIN GLARGINE", "00088222033", 33, 2_870),
    brand("Plavix", "CLOPIDOGREL BISULFATE", "63653117101", 100, 740),
    brand("Eliquis", "APIXABAN", "00003089421", 200, 890),
    brand("Xarelto", "RIVAROXABAN", "50458057930", 100, 1_700),
    brand("Coumadin", "WARFARIN SODIUM", "00056017270", 100, 210),
    brand("Lasix", "FUROSEMIDE", "00039006010", 100, 95),
    brand(
        "Spiriva",
        "TIOTROPIUM BROMIDE MONOHYDRATE",
        "00597007541",
        100,
        1_450,
    ),
    brand(
        "Advair Diskus",
        "FLUTICASONE PROPIONATE; SALMETEROL XINAFOATE",
        "00173069600",
        200,
        620,
    ),
    brand("Ventolin HFA", "ALBUTEROL SULFATE", "00173068220", 60, 310),
    brand("Singulair", "MONTELUKAST SODIUM", "00006011731", 100, 770),
    brand(
        "Synthroid",
        "LEVOTHYROXINE SODIUM ANHYDROUS",
        "00074455290",
        100,
        130,
    ),
    brand(
        "Zoloft",
        "SERTRALINE HYDROCHLORIDE",
        "00049490066",
        100,
        980,
    ),
    brand(
        "Cymbalta",
        "DULOXETINE HYDROCHLORIDE",
        "00002327030",
        100,
        810,
    ),
    brand("Prilosec", "OMEPRAZOLE MAGNESIUM", "00186074231", 100, 720),
    brand("Nexium", "ESOMEPRAZOLE MAGNESIUM", "00186504031", 100, 850),
    brand("Fosamax", "ALENDRONATE SODIUM", "00006003144", 14, 3_200),
    brand(
        "Aricept",
        "DONEPEZIL HYDROCHLORIDE",
        "62856024630",
        100,
        1_600,
    ),
    brand("Neurontin", "GABAPENTIN", "00071080524", 300, 290),
    brand("Lyrica", "PREGABALIN", "00071101468", 200, 690),
    brand(
        "Flomax",
        "TAMSULOSIN HYDROCHLORIDE",
        "00597005801",
        100,
        760,
    ),
    brand("Celebrex", "CELECOXIB", "00025152531", 100, 1_050),
    brand("Renvela", "SEVELAMER CARBONATE", "58468013001", 300, 420),
];

/// Vitamin B12 for injection, which doctors bill as J3420.
pub const CYANOCOBALAMIN: Drug = generic("Cyanocobalamin", "CYANOCOBALAMIN", "00517003125", 300);

/// Ondansetron, which is given with chemotherapy.
pub const SUPPORTIVE: Drug = generic(
    "Ondansetron",
    "ONDANSETRON HYDROCHLORIDE",
    "68462010630",
    120,
);
