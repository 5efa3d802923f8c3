// Written by labels/generate.mjs from this package.
const lists: Readonly<Record<string, Readonly<Record<string, string>>>> = {
 "claimType": {
  "carrier": "Médico u otro profesional",
  "dme": "Equipo médico",
  "hha": "Cuidado de la salud en el hogar",
  "hospice": "Cuidado de hospicio",
  "inpatient": "Estadía en el hospital",
  "outpatient": "Hospital, paciente ambulatorio",
  "pde": "Medicamento recetado",
  "snf": "Centro de enfermería especializada",
  "professional": "Médico u otro profesional",
  "institutional": "Hospital u otro centro",
  "oral": "Cuidado dental",
  "vision": "Cuidado de la vista",
  "unknown": "Otro"
 },
 "status": {
  "active": "Activa",
  "cancelled": "Cancelada"
 },
 "part": {
  "A": "Parte A (seguro de hospital)",
  "B": "Parte B (seguro médico)",
  "C": "Parte C (Medicare Advantage)",
  "D": "Parte D (cobertura de medicamentos)",
  "Dual": "Medicare y Medicaid"
 },
 "diagnosisType": {
  "principal": "Diagnóstico principal",
  "admitting": "Motivo del ingreso",
  "reasonForVisit": "Motivo de la consulta",
  "external": "Causa externa",
  "other": "Otro diagnóstico"
 },
 "codeSystem": {
  "icd9": "CIE-9",
  "icd10": "CIE-10",
  "hcpcs": "HCPCS",
  "hipps": "HIPPS",
  "ndc": "Código Nacional de Medicamentos",
  "other": "Otra lista"
 },
 "total": {
  "charged": "Cobrado",
  "allowed": "Aprobado por Medicare",
  "paid": "Pagado",
  "patientResponsibility": "Usted podría deber",
  "paidByPatient": "Usted pagó",
  "deductible": "Deducible",
  "coinsurance": "Coseguro",
  "copay": "Copago",
  "noncovered": "No cubierto",
  "otherPayer": "Pagado por otro seguro",
  "paidToProvider": "Pagado al proveedor",
  "paidToPatient": "Pagado a usted"
 },
 "gender": {
  "male": "Masculino",
  "female": "Femenino",
  "other": "Otro",
  "unknown": "Desconocido"
 },
 "medicareStatus": {
  "10": "Mayor de 65 años sin enfermedad renal terminal",
  "11": "Mayor de 65 años con enfermedad renal terminal",
  "20": "Con discapacidad, sin enfermedad renal terminal",
  "21": "Con discapacidad y enfermedad renal terminal",
  "31": "Solo enfermedad renal terminal"
 },
 "entitlement": {
  "0": "Edad (seguro de vejez y sobrevivientes)",
  "1": "Discapacidad",
  "2": "Enfermedad renal terminal",
  "3": "Discapacidad y enfermedad renal terminal"
 }
};
export default lists;
