"use client";

import { useEffect, useState } from "react";
import { check } from "../check.js";

export default function Client() {
  const [result, setResult] = useState("");
  useEffect(() => {
    check().then((value) => setResult(JSON.stringify(value)), (error) => setResult(String(error)));
  }, []);
  return <pre id="client">{result}</pre>;
}
